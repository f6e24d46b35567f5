{# A cast that gives NULL where it fails. `logical` is a type of the data contract. #}
{% macro try_cast(expression, logical) %}
    {{- return(adapter.dispatch('try_cast', 'ai_impact')(expression, logical)) -}}
{% endmacro %}

{% macro default__try_cast(expression, logical) -%}
    try_cast({{ expression }} as {{ ai_impact.physical_type(logical) }})
{%- endmacro %}

{#
    DuckDB drops the offset of '10:00+02:00' when it casts text to a timestamp, and shows a timestamp with a zone in the
    zone of the session. Both name an instant, so both are read as one, in UTC. `typeof` is known before the query runs.
    An endless instant counts no microseconds; it stays endless, in every zone.
#}
{% macro duckdb__try_cast(expression, logical) -%}
    {%- if logical == 'timestamp' -%}
        case
            when typeof({{ expression }}) = 'TIMESTAMP WITH TIME ZONE'
                then coalesce(make_timestamp(epoch_us(try_cast({{ expression }} as timestamptz))), try_cast({{ expression }} as timestamp))
            when typeof({{ expression }}) = 'VARCHAR' and (contains(cast({{ expression }} as varchar), '+') or contains(substr(cast({{ expression }} as varchar), 12), '-'))
                then make_timestamp(epoch_us(try_cast({{ expression }} as timestamptz)))
            else try_cast({{ expression }} as timestamp)
        end
    {%- else -%}
        try_cast({{ expression }} as {{ ai_impact.physical_type(logical) }})
    {%- endif -%}
{%- endmacro %}

{# Postgres has no try_cast: a value that does not look right is not cast. #}
{% macro postgres__try_cast(expression, logical) -%}
    {%- set patterns = {
        'string': '',
        'double': '^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *$',
        'int': '^ *[-+]?[0-9]+ *$',
        'boolean': '^(true|false|t|f|1|0|yes|no)$',
        'date': '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])',
        'timestamp': '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-][0-9:]+)?)?$'
    } -%}
    {%- if logical == 'string' -%}
        cast({{ expression }} as text)
    {%- else -%}
        case when cast({{ expression }} as text) ~* '{{ patterns[logical] }}' then cast(cast({{ expression }} as text) as {{ ai_impact.physical_type(logical) }}) end
    {%- endif -%}
{%- endmacro %}

{# The engine's name for a type of the data contract. #}
{% macro physical_type(logical) %}
    {{- return(adapter.dispatch('physical_type', 'ai_impact')(logical)) -}}
{% endmacro %}

{% macro default__physical_type(logical) -%}
    {%- set types = {
        'string': dbt.type_string(), 'double': dbt.type_float(), 'int': dbt.type_bigint(),
        'boolean': dbt.type_boolean(), 'date': 'date', 'timestamp': dbt.type_timestamp()
    } -%}
    {{- types[logical] -}}
{%- endmacro %}

{% macro duckdb__physical_type(logical) -%}
    {{- {'string': 'varchar', 'double': 'double', 'int': 'bigint', 'boolean': 'boolean', 'date': 'date', 'timestamp': 'timestamp'}[logical] -}}
{%- endmacro %}

{# A hash of what a row says. It only tells apart rows of one event, so a fast one will do. #}
{% macro content_hash(expressions) %}
    {{- return(adapter.dispatch('content_hash', 'ai_impact')(expressions)) -}}
{% endmacro %}

{% macro default__content_hash(expressions) -%}
    {{ ai_impact.hash_key(expressions) }}
{%- endmacro %}

{% macro duckdb__content_hash(expressions) -%}
    hash({{ expressions | join(', ') }})
{%- endmacro %}

{# A JSON text of named expressions. #}
{% macro json_object(expressions) %}
    {{- return(adapter.dispatch('json_object', 'ai_impact')(expressions)) -}}
{% endmacro %}

{% macro default__json_object(expressions) -%}
    cast(json_build_object({% for name, expression in expressions.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor %}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro duckdb__json_object(expressions) -%}
    cast(json_object({% for name, expression in expressions.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}

{% macro spark__json_object(expressions) -%}
    to_json(named_struct({% for name, expression in expressions.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{# Now, UTC, without zone. #}
{% macro utc_now() %}
    {{- return(adapter.dispatch('utc_now', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__utc_now() -%}
    (current_timestamp at time zone 'UTC')
{%- endmacro %}

{% macro spark__utc_now() -%}
    to_utc_timestamp(current_timestamp(), current_timezone())
{%- endmacro %}
