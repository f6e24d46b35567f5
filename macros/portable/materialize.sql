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
