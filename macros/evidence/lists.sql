{# Is a name in a cell of names that are separated by comma, semicolon, bar or space? NULL cells contain nothing. #}
{% macro in_list(name, cell) -%}
    {%- set normal = "translate(cast(coalesce(" ~ cell ~ ", '') as " ~ dbt.type_string() ~ "), ';| ', ',,,')" -%}
    ({{ dbt.position("',' || " ~ name ~ " || ','", "',' || " ~ normal ~ " || ','") }} > 0)
{%- endmacro %}
