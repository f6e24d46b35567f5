{# One sortable value of an event's place in time; ties of time are decided by the event's key, so that a fold does not depend on the order of arrival. #}
{% macro event_order(occurred_at, event_key) %}
    {{- return(adapter.dispatch('event_order', 'ai_impact')(occurred_at, event_key)) -}}
{% endmacro %}

{# Ties are decided as on DuckDB: by the last eight bytes of the hash, the least significant first. #}
{% macro default__event_order(occurred_at, event_key) -%}
    (to_char({{ occurred_at }}, 'YYYYMMDDHH24MISSUS') {%- for byte in range(31, 15, -2) %} || substr(md5({{ event_key }}), {{ byte }}, 2){% endfor %})
{%- endmacro %}

{# A number of 128 bits (time, then 64 bits of the key) compares twice as fast as a text. #}
{% macro duckdb__event_order(occurred_at, event_key) -%}
    (cast(epoch_us({{ occurred_at }}) as hugeint) * 18446744073709551616 + md5_number_lower({{ event_key }}))
{%- endmacro %}

{# A sum that does not depend on the order of its terms: doubles are added as decimals, so that a re-run equals the run before to the last bit. #}
{% macro exact_sum(expression, condition=none) %}
    {{- return(adapter.dispatch('exact_sum', 'ai_impact')(expression, condition)) -}}
{% endmacro %}

{% macro default__exact_sum(expression, condition=none) -%}
    cast(sum(cast({{ expression }} as decimal(38, 9))) {%- if condition %} filter (where {{ condition }}){% endif %} as {{ ai_impact.physical_type('double') }})
{%- endmacro %}

{# Postgres makes a decimal of 15 digits of a double, and rounds what it should not. By way of text it keeps all; the billionths
   are rounded as DuckDB does it. #}
{% macro postgres__exact_sum(expression, condition=none) -%}
    cast(sum(round(cast(cast(cast({{ expression }} as double precision) * 1e9 as text) as numeric))) {%- if condition %} filter (where {{ condition }}){% endif %} * 0.000000001 as double precision)
{%- endmacro %}
