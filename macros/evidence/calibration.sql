{# Why a row of channel_attribution has no calibrated revenue; NULL where it has. #}
{% macro calibration_reason(experiment, metric) -%}
    {%- if not experiment or not metric -%}
        'No experiment is named to calibrate by: set the vars attribution_calibration_experiment and attribution_calibration_metric.'
    {%- else -%}
        case
            when increase is null then 'The experiment {{ experiment }} has no estimate of {{ metric }} of grade A or B.'
            when channel = '(none)' then 'No channel touched these conversions.'
            when not is_calibrated then 'The experiment {{ experiment }} did not run in this period.'
            when calibrated_base = 0 then 'There is no revenue to share the increment by.'
        end
    {%- endif -%}
{%- endmacro %}
