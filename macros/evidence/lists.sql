{# Is a name in a cell of names that are separated by comma, semicolon, bar or space? NULL cells contain nothing. #}
{% macro in_list(name, cell) -%}
    {%- set normal = "translate(cast(coalesce(" ~ cell ~ ", '') as " ~ dbt.type_string() ~ "), ';| ', ',,,')" -%}
    ({{ ai_impact.place_of("',' || " ~ name ~ " || ','", "',' || " ~ normal ~ " || ','") }} > 0)
{%- endmacro %}

{# The first name in such a cell; NULL for a NULL cell. #}
{% macro first_in_list(cell) -%}
    {{ dbt.split_part("translate(cast(" ~ cell ~ " as " ~ dbt.type_string() ~ "), ';| ', ',,,')", "','", 1) }}
{%- endmacro %}

{# A name as part of a key that joins several: no sign of it looks like a separator. #}
{% macro percent_coded(name) -%}
    replace(replace(replace({{ name }}, '%', '%25'), '|', '%7C'), '=', '%3D')
{%- endmacro %}

{# What a part of a dimension is called: up to the first = stands the dimension. #}
{% macro segment_of(dimension, part) -%}
    replace({{ dimension }}, '=', '%3D') || '=' || {{ part }}
{%- endmacro %}

{# Names as texts of SQL, each on its own line, because compiled SQL is read too. A quote in a name is no end of it. #}
{% macro quoted(names) -%}
    {%- for name in names -%}
        '{{ dbt.escape_single_quotes(name | string) }}'{{ ',\n            ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
