{# One row a day in [first_day, end_day): a table expression with the column date_day. #}
{% macro days_between(first_day, end_day) %}
    {{- return(adapter.dispatch('days_between', 'ai_impact')(first_day, end_day)) -}}
{% endmacro %}

{% macro default__days_between(first_day, end_day) -%}
    (
        select cast(d as date) as date_day
        from generate_series({{ first_day }}, {{ end_day }} - interval '1 day', interval '1 day') as days (d)
    )
{%- endmacro %}

{% macro duckdb__days_between(first_day, end_day) -%}
    (select cast(unnest(range(cast({{ first_day }} as timestamp), cast({{ end_day }} as timestamp), interval '1 day')) as date) as date_day)
{%- endmacro %}

{% macro spark__days_between(first_day, end_day) -%}
    (select explode(sequence({{ first_day }}, date_sub({{ end_day }}, 1))) as date_day)
{%- endmacro %}

{# A date some whole days later, as a date on every engine. #}
{% macro add_days(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{# How many days from one date to another. #}
{% macro days_from(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, 'day') }} as integer)
{%- endmacro %}
