{# How tables are filled, where engines differ in that. #}

{# Spark keeps the files of a table that is dropped, so a seed that is loaded again would find its old rows: it is emptied
   first, and takes the columns of the new file. #}
{% macro clear_seed() %}
    {{- return(adapter.dispatch('clear_seed', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__clear_seed() -%}{%- endmacro %}

{# How an incremental model whose key is unique puts new rows in the place of old ones. #}
{% macro replacing_strategy() %}
    {{- return(adapter.dispatch('replacing_strategy', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__replacing_strategy() %}
    {{- return('delete+insert') -}}
{% endmacro %}

{# How a model is kept each of whose rows carries the `input_hash` of what it was computed from. Kept between runs where a query can
   take out what was computed from something else, and the engine pays for each row; else built anew. #}
{% macro kept_by_hash() %}
    {{- return(adapter.dispatch('kept_by_hash', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__kept_by_hash() %}
    {{- return('table') -}}
{% endmacro %}

{% macro duckdb__kept_by_hash() %}
    {{- return('incremental') -}}
{% endmacro %}

{% macro postgres__kept_by_hash() %}
    {{- return('incremental') -}}
{% endmacro %}

{# Inside a group: a number that changes where one of its rows does, whatever their order. #}
{% macro input_hash(expressions) -%}
    sum({{ ai_impact.row_hash(expressions) }})
{%- endmacro %}
