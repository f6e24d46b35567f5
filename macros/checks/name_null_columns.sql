{# At the end of a run: which columns of a failed not_null_columns have no value, and in how many rows. dbt counts them only. #}
{% macro name_null_columns(results) %}
    {#- Singular tests and unit tests have no test_metadata. -#}
    {%- for result in results if result.status in ('fail', 'warn') and result.node.test_metadata is defined and result.node.test_metadata.name == 'not_null_columns' -%}
        {%- for row in run_query(result.node.compiled_code) -%}
            {%- do log('ai_impact: ' ~ result.node.file_key_name.split('.')[-1] ~ '.' ~ row[0] ~ ' is NULL in ' ~ row[1] ~ ' rows.', info=true) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
