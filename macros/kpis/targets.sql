{# How far an end of the interval lies above a limit of the target, in the unit of the KPI. A target against the baseline is
   a difference, value - factor * baseline, whose interval is that of Zou and Donner (2008, MOVER): it needs those of both. #}
{% macro target_margin(limit, end) -%}
    {%- set factor -%}
        (case target_basis
            when 'absolute' then 0
            when 'points vs baseline' then 1
            else 1 + sign(baseline_value) * {{ limit }} / 100.0
        end)
    {%- endset -%}
    case
        when target_basis = 'absolute' then {{ 'ci_low' if end == 'low' else 'ci_high' }} - {{ limit }}
        else
            value - {{ factor }} * baseline_value
            - case when target_basis = 'points vs baseline' then {{ limit }} else 0 end
            {{ '-' if end == 'low' else '+' }} sqrt(
                {% if end == 'low' -%}
                    power(value - ci_low, 2) + power({{ factor }} * (baseline_ci_high - baseline_value), 2)
                {%- else -%}
                    power(ci_high - value, 2) + power({{ factor }} * (baseline_value - baseline_ci_low), 2)
                {%- endif %}
            )
    end
{%- endmacro %}
