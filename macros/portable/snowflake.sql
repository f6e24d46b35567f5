{# How Snowflake spells the verbs of this folder. #}

{% macro snowflake__safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as float) / nullif({{ denominator }}, 0))
{%- endmacro %}

{% macro snowflake__seconds_between(earlier, later) -%}
    (cast(datediff('microsecond', {{ earlier }}, {{ later }}) as float) / 1000000.0)
{%- endmacro %}

{# Rows without an order don't count for max_by, so those without a value are given none. #}
{% macro snowflake__latest(value, order_by) -%}
    {%- if order_by | length == 1 -%}
        max_by({{ value }}, case when {{ value }} is not null then {{ order_by[0] }} end)
    {%- else -%}
        get(array_agg({{ value }}) within group (order by {{ order_by | join(' desc nulls last, ') }} desc nulls last), 0)
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__sorted_values(value) -%}
    array_agg({{ value }}) within group (order by {{ value }})
{%- endmacro %}

{# Elements are of no type of their own. #}
{% macro snowflake__array_at(array, position, logical) -%}
    cast(get({{ array }}, cast({{ position }} as integer) - 1) as {{ ai_impact.physical_type(logical) }})
{%- endmacro %}

{% macro snowflake__inlined() -%}{%- endmacro %}

{% macro snowflake__json_object(expressions) -%}
    to_json(object_construct_keep_null({% for name, expression in expressions.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{% macro snowflake__parsed_json(column, data_type) -%}
    {%- if data_type in ('variant', 'object', 'array') or data_type.startswith('map') -%}
        to_variant({{ column }})
    {%- else -%}
        try_parse_json({{ column }})
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__json_text(json, path) -%}
    cast(get_path({{ json }}, '
    {%- for step in path -%}{%- if step is number -%}[{{ step }}]{%- else -%}["{{ step }}"]{%- endif -%}{%- endfor -%}') as varchar)
{%- endmacro %}

{% macro snowflake__utc_now() -%}
    cast(convert_timezone('UTC', current_timestamp()) as timestamp_ntz)
{%- endmacro %}

{# As many days as a span may have: fifty years. #}
{% macro snowflake__with_days(relation, first_day, end_day) -%}
    select
        spans.*,
        cast(dateadd('day', days.n, {{ first_day }}) as date) as date_day
    from {{ relation }} as spans
    inner join (select row_number() over (order by seq4()) - 1 as n from table(generator(rowcount => 18300))) as days
        on days.n < datediff('day', {{ first_day }}, {{ end_day }})
{%- endmacro %}

{% macro snowflake__iso_day_of_week(day) -%}
    dayofweekiso({{ day }})
{%- endmacro %}

{% macro snowflake__event_order(occurred_at, event_key) -%}
    (to_char({{ occurred_at }}, 'YYYYMMDDHH24MISSFF6') {%- for byte in range(31, 15, -2) %} || substr(md5({{ event_key }}), {{ byte }}, 2){% endfor %})
{%- endmacro %}

{# Snowflake has no filter: what an aggregate is not to see is NULL. #}
{% macro snowflake__exact_sum(expression, condition=none) -%}
    cast(sum(cast({% if condition %}case when {{ condition }} then {{ expression }} end{% else %}{{ expression }}{% endif %} as decimal(38, 9))) as float)
{%- endmacro %}

{% macro snowflake__to_text(expression, logical) -%}
    {%- if logical == 'double' -%}
        regexp_replace(cast({{ expression }} as varchar), '^(-?[0-9]+)$', '\\1.0')
    {%- elif logical == 'timestamp' -%}
        regexp_replace(
            regexp_replace(to_char({{ expression }}, 'YYYY-MM-DD HH24:MI:SS.FF6'), '[.]0+$', ''), '([.][0-9]*[1-9])0+$', '\\1'
        )
    {%- else -%}
        cast({{ expression }} as varchar)
    {%- endif -%}
{%- endmacro %}

{# try_cast takes nothing but text. A time with an offset names an instant, and is read as one, in UTC. #}
{% macro snowflake__try_cast(expression, logical) -%}
    {%- set text = 'cast(' ~ expression ~ ' as varchar)' -%}
    {%- if logical == 'string' -%}
        {{ text }}
    {%- elif logical == 'int' -%}
        try_cast({{ text }} as bigint)
    {%- elif logical == 'double' -%}
        try_cast({{ text }} as float)
    {%- elif logical == 'date' -%}
        try_cast(regexp_replace({{ text }}, '[T ].*$', '') as date)
    {%- elif logical == 'timestamp' -%}
        case
            when regexp_like({{ text }}, '.*([+-][0-9]{2}:?[0-9]{2}|Z)$') and length({{ text }}) > 10
                then cast(convert_timezone('UTC', try_cast({{ text }} as timestamp_tz)) as timestamp_ntz)
            else try_cast({{ text }} as timestamp_ntz)
        end
    {%- elif logical == 'boolean' -%}
        case when lower({{ text }}) not in ('on', 'off') then try_cast({{ text }} as boolean) end
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__joined_in_order(value, separator, order_by) -%}
    listagg({{ value }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{% macro snowflake__joined_sorted(value, separator) -%}
    listagg({{ value }}, '{{ separator }}') within group (order by {{ value }})
{%- endmacro %}

{% macro snowflake__place_of(part, text) -%}
    charindex({{ part }}, {{ text }})
{%- endmacro %}

{# Here one NULL makes all NULL. #}
{% macro snowflake__least(expressions) -%}
    {{- return(ai_impact.extreme_without_null('least', expressions)) -}}
{%- endmacro %}

{% macro snowflake__greatest(expressions) -%}
    {{- return(ai_impact.extreme_without_null('greatest', expressions)) -}}
{%- endmacro %}

{% macro snowflake__trimmed(text) -%}
    nullif(trim({{ text }}, ' \t\n\r\u00a0'), '')
{%- endmacro %}
