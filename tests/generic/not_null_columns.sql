{# Columns that always have a value, in one test per table: a node costs dbt more than a scan. One row per column that lacks
   one somewhere; explain_failures() says which at the end of the run. #}
{% test not_null_columns(model, columns) %}
with counted as (
    select
        count(*) as n_rows
        {%- for column in columns %},
        count({{ column }}) as n_{{ loop.index }}
        {%- endfor %}
    from {{ model }}
)
{% for column in columns %}
select '{{ column }}' as column_name, n_rows - n_{{ loop.index }} as null_count from counted where n_{{ loop.index }} < n_rows
{{- ' union all' if not loop.last }}
{%- endfor %}
{% endtest %}
