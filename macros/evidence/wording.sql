{# A number with its noun and verb: '1 unit is', '3 units are'. #}
{% macro counted(n, one, many) -%}
    cast({{ n }} as {{ dbt.type_string() }}) || case when {{ n }} = 1 then ' {{ one }}' else ' {{ many }}' end
{%- endmacro %}
