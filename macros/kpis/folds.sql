{# One sortable text of an event's place in time; ties of time are decided by the event's key, so that a fold does not depend on the order of arrival. #}
{% macro event_order(occurred_at, event_key) %}
    {{- return(adapter.dispatch('event_order', 'ai_impact')(occurred_at, event_key)) -}}
{% endmacro %}

{% macro default__event_order(occurred_at, event_key) -%}
    (to_char({{ occurred_at }}, 'YYYYMMDDHH24MISSUS') || {{ event_key }})
{%- endmacro %}

{% macro duckdb__event_order(occurred_at, event_key) -%}
    (strftime({{ occurred_at }}, '%Y%m%d%H%M%S%f') || {{ event_key }})
{%- endmacro %}

{% macro spark__event_order(occurred_at, event_key) -%}
    concat(date_format({{ occurred_at }}, 'yyyyMMddHHmmssSSSSSS'), {{ event_key }})
{%- endmacro %}

{# A sum that does not depend on the order of its terms: doubles are added as decimals, so that a re-run equals the run before to the last bit. #}
{% macro exact_sum(expression, condition=none) -%}
    cast(sum(cast({{ expression }} as decimal(38, 9))) {%- if condition %} filter (where {{ condition }}){% endif %} as {{ dbt.type_float() }})
{%- endmacro %}
