{% macro check_config() %}
    select 1
{% endmacro %}
