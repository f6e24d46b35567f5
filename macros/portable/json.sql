{# What `json_text` reads, from a column that holds JSON: as text (where it is broken, NULL), as the engine's own type, or as a map or a struct. #}
{% macro parsed_json(column, data_type='') %}
    {{- return(adapter.dispatch('parsed_json', 'ai_impact')(column, data_type | lower)) -}}
{% endmacro %}

{# Postgres stops at a text that is no JSON: what neither begins nor ends like an object or a list is not read. #}
{% macro default__parsed_json(column, data_type) -%}
    {%- if 'json' in data_type -%}
        cast({{ column }} as jsonb)
    {%- else -%}
        case when cast({{ column }} as text) ~ '^\s*(\{.*\}|\[.*\])\s*$' then cast(cast({{ column }} as text) as jsonb) end
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__parsed_json(column, data_type) -%}
    {%- if data_type.startswith(('map', 'struct')) or data_type.endswith(']') -%}
        to_json({{ column }})
    {%- else -%}
        try_cast(cast({{ column }} as varchar) as json)
    {%- endif -%}
{%- endmacro %}

{# The text at a path of keys and positions (from 0) in parsed JSON; NULL where nothing is there. A key may have dots in it. #}
{% macro json_text(json, path) %}
    {{- return(adapter.dispatch('json_text', 'ai_impact')(json, path)) -}}
{% endmacro %}

{% macro default__json_text(json, path) -%}
    ({{ json }} #>> '{ {%- for step in path %}"{{ step }}"{{ ',' if not loop.last }}{% endfor -%} }')
{%- endmacro %}

{% macro duckdb__json_text(json, path) -%}
    json_extract_string({{ json }}, '${{ ai_impact.json_path(path) }}')
{%- endmacro %}

{# A path as most engines write it: ."a.b"[0] #}
{% macro json_path(path) -%}
    {%- for step in path -%}{%- if step is number -%}[{{ step }}]{%- else -%}."{{ step }}"{%- endif -%}{%- endfor -%}
{%- endmacro %}
