{# Which period of a rollout a time lies in, as a whole number from 0 at its start; negative before it. #}
{% macro period_of(start, time, rounded='floor') -%}
    {{ rounded }}({{ ai_impact.hours_between(start, time) }} / {{ var('rollout_period_days') * 24 }})
{%- endmacro %}
