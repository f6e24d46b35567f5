{# One sortable value of an event's place in time; ties of time are decided by the event's key, so that a fold does not depend on the order of arrival. #}
{% macro event_order(occurred_at, event_key) %}
    {{- return(adapter.dispatch('event_order', 'ai_impact')(occurred_at, event_key)) -}}
{% endmacro %}

{% macro default__event_order(occurred_at, event_key) -%}
    (to_char({{ occurred_at }}, 'YYYYMMDDHH24MISSUS') || {{ event_key }})
{%- endmacro %}

{# A number of 128 bits (time, then 64 bits of the key) compares twice as fast as a text. #}
{% macro duckdb__event_order(occurred_at, event_key) -%}
    (cast(epoch_us({{ occurred_at }}) as hugeint) * 18446744073709551616 + md5_number_lower({{ event_key }}))
{%- endmacro %}

{% macro spark__event_order(occurred_at, event_key) -%}
    concat(date_format({{ occurred_at }}, 'yyyyMMddHHmmssSSSSSS'), {{ event_key }})
{%- endmacro %}

{# A sum that does not depend on the order of its terms: doubles are added as decimals, so that a re-run equals the run before to the last bit. #}
{% macro exact_sum(expression, condition=none) -%}
    cast(sum(cast({{ expression }} as decimal(38, 9))) {%- if condition %} filter (where {{ condition }}){% endif %} as {{ ai_impact.physical_type('double') }})
{%- endmacro %}
