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

{#
    Postgres has no try_cast, and a cast that fails ends the query: what does not look like a value of the type is not cast. The
    patterns say what DuckDB reads, so that both engines reject the same rows. Read by DuckDB only: 1_000, 0x10, and offsets of sixteen
    hours and more, which Postgres does not know.
#}
{% macro postgres__try_cast(expression, logical) -%}
    {%- set text = 'cast(' ~ expression ~ ' as text)' -%}
    {%- set day = '(?!0000|[0-9]{4}-[0-9]+/|[0-9]{4}/[0-9]+-)([0-9]{4}[-/]((0?[13578]|1[02])[-/](0?[1-9]|[12][0-9]|3[01])|(0?[469]|11)[-/](0?[1-9]|[12][0-9]|30)|0?2[-/](0?[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)[-/]0?2[-/]29)' -%}
    {%- set second = '[0-5]?[0-9]([.][0-9]*)?' -%}
    {%- set minute = '([01]?[0-9]|2[0-3]):[0-5]?[0-9]' -%}
    {%- set offset = '( ?UTC|Z|[-+](0[0-9]|1[0-5])(:?[0-5][0-9](:[0-5][0-9])?)?)' -%}
    {%- set number = '([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,4})?' -%}
    {%- if logical == 'string' -%}
        {{ text }}
    {%- elif logical == 'boolean' -%}
        case when {{ text }} ~* '^(true|false|t|f|yes|no|y|n|1|0)$' then cast({{ text }} as boolean) end
    {%- elif logical == 'int' -%}
        case
            when {{ text }} ~ '^\s*[-+]?[0-9]{1,18}\s*$' then cast({{ text }} as bigint)
            when {{ text }} ~ '^\s*[-+]?{{ number }}\s*$'
                then case
                    when round(cast({{ text }} as numeric)) between -9223372036854775808 and 9223372036854775807
                        then cast(round(cast({{ text }} as numeric)) as bigint)
                end
        end
    {%- elif logical == 'double' -%}
        case
            when {{ text }} ~ '^\s*[-+]?[0-9]{1,30}([.][0-9]{0,30})?\s*$' then cast({{ text }} as double precision)
            when {{ text }} ~* '^\s*(nan|[-+]?inf(inity)?)\s*$' then cast({{ text }} as double precision)
            when {{ text }} ~ '^\s*[-+]?{{ number }}\s*$'
                then case
                    when abs(cast({{ text }} as numeric)) > 1.7976931348623157e308
                        then sign(cast({{ text }} as numeric)) * cast('infinity' as double precision)
                    when abs(cast({{ text }} as numeric)) < 1e-307 then 0
                    else cast({{ text }} as double precision)
                end
        end
    {%- elif logical == 'date' -%}
        cast(substring({{ text }} from '^\s*({{ day }})(?![0-9])') as date)
    {%- elif logical == 'timestamp' -%}
        case
            when {{ text }} ~ '^{{ day }}([ T] *({{ minute }}(:{{ second }})?|24:00(:00([.]0*)?)?))? *$' then cast({{ ai_impact.to_microseconds(text) }} as timestamp)
            when {{ text }} ~ '^{{ day }}[ T] *{{ minute }}:{{ second }}{{ offset }} *$' then cast({{ ai_impact.to_microseconds(text) }} as timestamptz) at time zone 'UTC'
        end
    {%- endif -%}
{%- endmacro %}

{# Finer parts of a second are cut off, as DuckDB does; Postgres would round them, into the next second at worst. #}
{% macro to_microseconds(text) -%}
    regexp_replace({{ text }}, '([.][0-9]{6})[0-9]+', '\1')
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

{# The text of a typed value; `logical` is its type. #}
{% macro to_text(expression, logical) %}
    {{- return(adapter.dispatch('to_text', 'ai_impact')(expression, logical)) -}}
{% endmacro %}

{% macro default__to_text(expression, logical) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{# Postgres writes a whole double as 5, other engines as 5.0. #}
{% macro postgres__to_text(expression, logical) -%}
    {%- if logical == 'double' -%}
        regexp_replace(cast({{ expression }} as text), '^(-?[0-9]+)$', '\1.0')
    {%- else -%}
        cast({{ expression }} as text)
    {%- endif -%}
{%- endmacro %}

{# A raw column as text. An id that was loaded as a double, as pandas makes of whole numbers beside NULLs, is written as the whole number. #}
{% macro as_text(column) %}
    {{- return(adapter.dispatch('as_text', 'ai_impact')(column)) -}}
{% endmacro %}

{% macro default__as_text(column) -%}
    cast({{ column }} as {{ dbt.type_string() }})
{%- endmacro %}

{# DuckDB writes 1000.0; other engines 1000, but for Spark. `typeof` is known before the query runs. #}
{% macro duckdb__as_text(column) -%}
    case
        when typeof({{ column }}) in ('DOUBLE', 'FLOAT') and try_cast({{ column }} as double) = try_cast({{ column }} as bigint)
            then cast(try_cast({{ column }} as bigint) as varchar)
        else cast({{ column }} as varchar)
    end
{%- endmacro %}

{# A hash of a row's content. It only distinguishes rows of one event, so a fast one will do. #}
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

{# json_build_object puts spaces between the parts; a row has none, and DuckDB neither. #}
{% macro postgres__json_object(expressions) -%}
    cast((select to_json(part) from (select {% for name, expression in expressions.items() %}{{ expression }} as "{{ name }}"{{ ', ' if not loop.last }}{% endfor %}) as part) as text)
{%- endmacro %}

{# Now, UTC, without zone. #}
{% macro utc_now() %}
    {{- return(adapter.dispatch('utc_now', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__utc_now() -%}
    (current_timestamp at time zone 'UTC')
{%- endmacro %}
