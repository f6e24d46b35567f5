{# What a table needs after it was built. Postgres plans a query over a table that it knows nothing of as if it were tiny. #}
{% macro gather_statistics() %}
    {{- return(adapter.dispatch('gather_statistics', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__gather_statistics() %}{% endmacro %}

{% macro postgres__gather_statistics() -%}
    {%- if model.config.materialized != 'view' -%}analyze {{ this }}{%- endif -%}
{%- endmacro %}
