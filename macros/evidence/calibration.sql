{# Why a row of channel_attribution has no calibrated revenue; NULL where it has. #}
{% macro calibration_reason(experiment, metric) -%}
    {%- if not experiment or not metric -%}
        'No experiment is named to calibrate by: set the vars attribution_calibration_experiment and attribution_calibration_metric.'
    {%- else -%}
        case
            when increase is null then {{ ai_impact.quoted(['The experiment ' ~ experiment ~ ' has no estimate of ' ~ metric ~ ' of grade A or B.']) }}
            when channel = '(none)' then 'No channel touched these conversions.'
            when not is_calibrated then {{ ai_impact.quoted(['The experiment ' ~ experiment ~ ' did not run in this period.']) }}
            when is_base_unknown then 'The revenue of a conversion is unknown, so the increment cannot be shared out.'
            when calibrated_base = 0 then 'There is no revenue to share out the increment.'
        end
    {%- endif -%}
{%- endmacro %}

{# Is the revenue that a model gives to a channel not known? Models of paths spread it over all channels that were touched in the month. #}
{% macro is_revenue_unknown() -%}
    coalesce(
            case
                when credits.model in ('markov', 'shapley') and credits.channel <> '(none)'
                    then max(case when credits.channel <> '(none)' then moments.n_unknown_revenue end)
                        over (partition by credits.model, credits.period_start)
                else moments.n_unknown_revenue
            end, 0
        ) > 0
{%- endmacro %}
