{# One end of the interval of a difference, value - factor * baseline, by Zou and Donner (2008, MOVER): it needs the intervals of both. #}
{% macro difference_end(factor, end) -%}
    value - {{ factor }} * baseline_value
    {{ '-' if end == 'low' else '+' }} sqrt(
        {% if end == 'low' -%}
            power(value - ci_low, 2) + power({{ factor }} * (baseline_ci_high - baseline_value), 2)
        {%- else -%}
            power(ci_high - value, 2) + power({{ factor }} * (baseline_value - baseline_ci_low), 2)
        {%- endif %}
    )
{%- endmacro %}

{# How far an end of the interval lies above a limit of the target, in the unit of the KPI. A target against the baseline is judged by the
   interval of the difference from the baseline's share. #}
{% macro target_margin(limit, end) -%}
    case target_basis
        when 'absolute' then {{ 'ci_low' if end == 'low' else 'ci_high' }} - {{ limit }}
        when 'points vs baseline' then {{ ai_impact.difference_end('1', end) }} - {{ limit }}
        else {{ ai_impact.difference_end('(1 + sign(baseline_value) * ' ~ limit ~ ' / 100.0)', end) }}
    end
{%- endmacro %}

{# What a KPI says as the guardrail of another. Worse by more than chance is worsened, however little; a worsening that is not seen holds
   only where the interval of the difference excludes one by the margin. #}
{% macro as_guardrail() -%}
    {%- set margin -%}
        (1 + case direction when 'down' then 1 else -1 end * sign(baseline_value) * coalesce(guardrail_margin, 10) / 100.0)
    {%- endset -%}
    case
        when direction = 'down' and {{ ai_impact.difference_end('1', 'low') }} > 0 then 'worsened'
        when direction = 'up' and {{ ai_impact.difference_end('1', 'high') }} < 0 then 'worsened'
        when direction = 'down' and {{ ai_impact.difference_end(margin, 'high') }} < 0 then 'holds'
        when direction = 'up' and {{ ai_impact.difference_end(margin, 'low') }} > 0 then 'holds'
        else 'not_shown'
    end
{%- endmacro %}
