{# Each row of a relation once for every day in [first_day, end_day), its columns, with the column date_day: a whole select. #}
{% macro with_days(relation, first_day, end_day) %}
    {{- return(adapter.dispatch('with_days', 'ai_impact')(relation, first_day, end_day)) -}}
{% endmacro %}

{% macro default__with_days(relation, first_day, end_day) -%}
    select
        spans.*,
        cast(days.day_at as date) as date_day
    from {{ relation }} as spans
    cross join lateral generate_series({{ first_day }}, {{ end_day }} - interval '1 day', interval '1 day') as days (day_at)
{%- endmacro %}

{% macro duckdb__with_days(relation, first_day, end_day) -%}
    select
        *,
        cast(unnest(range(cast({{ first_day }} as timestamp), cast({{ end_day }} as timestamp), interval '1 day')) as date) as date_day
    from {{ relation }} as spans
{%- endmacro %}

{# A time some days or months later. #}
{% macro add_time(unit, count, time) %}
    {{- return(adapter.dispatch('add_time', 'ai_impact')(unit, count, time)) -}}
{% endmacro %}

{% macro default__add_time(unit, count, time) -%}
    {{ dbt.dateadd(unit, count, time) }}
{%- endmacro %}

{# A date some whole days later, as a date on every engine. #}
{% macro add_days(day, days) -%}
    cast({{ ai_impact.add_time('day', days, day) }} as date)
{%- endmacro %}

{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{# How many days from one date to another. #}
{% macro days_from(earlier, later) %}
    {{- return(adapter.dispatch('days_from', 'ai_impact')(earlier, later)) -}}
{% endmacro %}

{% macro default__days_from(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, 'day') }} as integer)
{%- endmacro %}

{# 1 is Monday, 7 is Sunday. #}
{% macro iso_day_of_week(day) %}
    {{- return(adapter.dispatch('iso_day_of_week', 'ai_impact')(day)) -}}
{% endmacro %}

{% macro default__iso_day_of_week(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}
