{# How BigQuery spells the verbs of this folder. #}

{# One flat list of parts: a long chain of || would be nested as deep as it is long. #}
{% macro bigquery__hash_key(expressions) -%}
    to_hex(md5(concat(
    {%- for expression in expressions -%}
        coalesce(cast(length(cast({{ expression }} as string)) as string) || ':' || cast({{ expression }} as string), '-')
        {%- if not loop.last %}, '|', {% endif -%}
    {%- endfor -%}
    )))
{%- endmacro %}

{# As JSON, so that NULL and '' differ and neighbours can't run into each other, whatever the number of columns. #}
{% macro bigquery__content_hash(expressions) -%}
    to_hex(md5(to_json_string([{% for expression in expressions %}cast({{ expression }} as string){{ ', ' if not loop.last }}{% endfor %}])))
{%- endmacro %}

{% macro bigquery__seconds_between(earlier, later) -%}
    (timestamp_diff({{ later }}, {{ earlier }}, microsecond) / 1000000.0)
{%- endmacro %}

{# NULL comes last in a descending order already; max_by leaves out rows without an order. #}
{% macro bigquery__latest(value, order_by) -%}
    {%- if order_by | length == 1 -%}
        max_by({{ value }}, case when {{ value }} is not null then {{ order_by[0] }} end)
    {%- else -%}
        array_agg({{ value }} ignore nulls order by {{ order_by | join(' desc, ') }} desc limit 1)[safe_offset(0)]
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__sorted_values(value) -%}
    array_agg({{ value }} ignore nulls order by {{ value }})
{%- endmacro %}

{% macro bigquery__array_at(array, position, logical) -%}
    {{ array }}[safe_ordinal(cast({{ position }} as int64))]
{%- endmacro %}

{% macro bigquery__inlined() -%}{%- endmacro %}

{% macro bigquery__json_object(expressions) -%}
    to_json_string(struct({% for name, expression in expressions.items() %}{{ expression }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{% macro bigquery__parsed_json(column, data_type) -%}
    {%- if data_type == 'json' -%}
        {{ column }}
    {%- elif data_type.startswith(('struct', 'record', 'array')) -%}
        to_json({{ column }})
    {%- else -%}
        safe.parse_json({{ column }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__json_text(json, path) -%}
    json_value({{ json }}, '${{ ai_impact.json_path(path) }}')
{%- endmacro %}

{% macro bigquery__utc_now() -%}
    current_timestamp()
{%- endmacro %}

{% macro bigquery__with_days(relation, first_day, end_day) -%}
    select
        spans.*,
        date_day
    from {{ relation }} as spans
    cross join unnest(generate_date_array({{ first_day }}, date_sub({{ end_day }}, interval 1 day))) as date_day
{%- endmacro %}

{# A timestamp has no months to add here, a civil time has. #}
{% macro bigquery__add_time(unit, count, time) -%}
    cast(datetime_add(cast({{ time }} as datetime), interval {{ count }} {{ unit }}) as timestamp)
{%- endmacro %}

{% macro bigquery__days_from(earlier, later) -%}
    date_diff({{ later }}, {{ earlier }}, day)
{%- endmacro %}

{% macro bigquery__iso_day_of_week(day) -%}
    (mod(extract(dayofweek from {{ day }}) + 5, 7) + 1)
{%- endmacro %}

{% macro bigquery__event_order(occurred_at, event_key) -%}
    (format_timestamp('%Y%m%d%H%M%E6S', {{ occurred_at }}) {%- for byte in range(31, 15, -2) %} || substr(to_hex(md5({{ event_key }})), {{ byte }}, 2){% endfor %})
{%- endmacro %}

{# BigQuery has no filter: what an aggregate is not to see is NULL. #}
{% macro bigquery__exact_sum(expression, condition=none) -%}
    cast(sum(cast({% if condition %}case when {{ condition }} then {{ expression }} end{% else %}{{ expression }}{% endif %} as numeric(38, 9))) as float64)
{%- endmacro %}

{% macro bigquery__to_text(expression, logical) -%}
    {%- if logical == 'double' -%}
        regexp_replace(cast({{ expression }} as string), r'^(-?[0-9]+)$', r'\1.0')
    {%- elif logical == 'timestamp' -%}
        regexp_replace(format_timestamp('%Y-%m-%d %H:%M:%E6S', {{ expression }}), r'[.]?0+$', '')
    {%- else -%}
        cast({{ expression }} as string)
    {%- endif -%}
{%- endmacro %}

{# What BigQuery reads of itself, and the spellings that DuckDB reads too. #}
{% macro bigquery__try_cast(expression, logical) -%}
    {%- set text = 'cast(' ~ expression ~ ' as string)' -%}
    {%- if logical == 'int' -%}
        coalesce(safe_cast({{ text }} as int64), safe_cast(round(safe_cast({{ text }} as float64)) as int64))
    {%- elif logical == 'timestamp' -%}
        safe_cast(regexp_replace(regexp_replace({{ text }}, r'^([0-9]{4})/([0-9]{1,2})/', r'\1-\2-'), r'([.][0-9]{6})[0-9]+', r'\1') as timestamp)
    {%- elif logical == 'date' -%}
        safe_cast(regexp_replace({{ text }}, r'[T ].*$', '') as date)
    {%- elif logical == 'boolean' -%}
        case
            when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
            when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
        end
    {%- else -%}
        safe_cast({{ expression }} as {{ ai_impact.physical_type(logical) }})
    {%- endif -%}
{%- endmacro %}

{# BigQuery has no delete+insert. #}
{% macro bigquery__replacing_strategy() %}
    {{- return('merge') -}}
{% endmacro %}

{% macro bigquery__union_distinct() -%}
    union distinct
{%- endmacro %}

{# Here one NULL makes all NULL. #}
{% macro bigquery__least(expressions) -%}
    {{- return(ai_impact.extreme_without_null('least', expressions)) -}}
{%- endmacro %}

{% macro bigquery__greatest(expressions) -%}
    {{- return(ai_impact.extreme_without_null('greatest', expressions)) -}}
{%- endmacro %}

{# Without a list of its own, BigQuery's trim takes every kind of blank. #}
{% macro bigquery__trimmed(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}

{% macro bigquery__sha256(texts) -%}
    to_hex(sha256({{ texts | join(' || ') }}))
{%- endmacro %}
