{# How Trino spells some verbs of this folder: what its grammar needs. Nobody has run them, and casts and arrays are missing. #}

{% macro trino__inlined() -%}{%- endmacro %}

{% macro trino__place_of(part, text) -%}
    strpos({{ text }}, {{ part }})
{%- endmacro %}

{% macro trino__with_days(relation, first_day, end_day) -%}
    select
        spans.*,
        days.date_day
    from {{ relation }} as spans
    cross join unnest(
        case when {{ end_day }} > {{ first_day }} then sequence({{ first_day }}, {{ end_day }} - interval '1' day, interval '1' day) end
    ) as days (date_day)
{%- endmacro %}

{# Here one NULL makes all NULL. #}
{% macro trino__least(expressions) -%}
    {{- return(ai_impact.extreme_without_null('least', expressions)) -}}
{%- endmacro %}

{% macro trino__greatest(expressions) -%}
    {{- return(ai_impact.extreme_without_null('greatest', expressions)) -}}
{%- endmacro %}

{% macro trino__sha256(texts) -%}
    lower(to_hex(sha256(to_utf8({{ texts | join(' || ') }}))))
{%- endmacro %}
