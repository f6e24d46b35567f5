{# How Spark spells the verbs of this folder; Sail and Databricks do the same. Sessions are in UTC: profiles.yml sets it. #}

{# A literal such as 1.0 is a decimal here, and decimals divide to few digits. #}
{% macro spark__safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}

{# Sail's md5 has a type of its own, which its client can't read where there are no rows. #}
{% macro spark__hash_key(expressions) -%}
    cast({{ ai_impact.default__hash_key(expressions) }} as string)
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    ((cast(unix_micros({{ later }}) as double) - cast(unix_micros({{ earlier }}) as double)) / 1e6)
{%- endmacro %}

{# Workers of Sail wait for each other forever over an aggregate of a struct: one column of order needs none. #}
{% macro spark__latest(value, order_by) -%}
    max_by({{ value }}, {{ order_by[0] if order_by | length == 1 else 'struct(' ~ order_by | join(', ') ~ ')' }}) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro spark__sorted_values(value) -%}
    sort_array(collect_list({{ value }}))
{%- endmacro %}

{# The place is written before each text to sort by, and taken out again: no aggregate of a struct. #}
{% macro spark__joined_in_order(value, separator, order_by) -%}
    regexp_replace(
        concat_ws('{{ separator }}', sort_array(collect_list(concat('~', lpad(cast({{ order_by }} as string), 36, '0'), '~', {{ value }})))),
        '~[0-9a-f]{36}~', ''
    )
{%- endmacro %}

{% macro spark__joined_sorted(value, separator) -%}
    concat_ws('{{ separator }}', sort_array(collect_list({{ value }})))
{%- endmacro %}

{% macro spark__array_at(array, position, logical) -%}
    try_element_at({{ array }}, cast({{ position }} as int))
{%- endmacro %}

{# to_json omits NULLs, and not every engine has an option against it, so each member is written separately. #}
{% macro spark__json_object(expressions) -%}
    concat('{', concat_ws(',',
        {%- for name, expression in expressions.items() %}
        coalesce(trim(both '{}' from to_json(case when {{ expression }} is not null then named_struct('{{ name }}', {{ expression }}) end)), '"{{ name }}":null'){{ ',' if not loop.last }}
        {%- endfor %}
    ), '}')
{%- endmacro %}

{% macro spark__parsed_json(column, data_type) -%}
    {%- if data_type.startswith(('map', 'struct', 'array')) -%}
        to_json({{ column }})
    {%- else -%}
        cast({{ column }} as string)
    {%- endif -%}
{%- endmacro %}

{% macro spark__json_text(json, path) -%}
    get_json_object({{ json }}, "$
    {%- for step in path -%}{%- if step is number -%}[{{ step }}]{%- else -%}['{{ step }}']{%- endif -%}{%- endfor -%}")
{%- endmacro %}

{% macro spark__utc_now() -%}
    current_timestamp()
{%- endmacro %}

{# Sail has no lateral joins. A sequence from a later to an earlier day would run backwards. #}
{% macro spark__with_days(relation, first_day, end_day) -%}
    select
        *,
        explode(
            case when {{ end_day }} > {{ first_day }} then sequence({{ first_day }}, date_sub({{ end_day }}, 1), interval 1 day) end
        ) as date_day
    from {{ relation }} as spans
{%- endmacro %}

{# dbt's own would cut the fraction of a second. #}
{% macro spark__add_time(unit, count, time) -%}
    timestampadd({{ unit }}, {{ count }}, {{ time }})
{%- endmacro %}

{% macro spark__days_from(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{% macro spark__iso_day_of_week(day) -%}
    cast(pmod(datediff({{ day }}, date '1970-01-05'), 7) + 1 as int)
{%- endmacro %}

{% macro spark__nth_part(text, delimiter, position) -%}
    split_part({{ text }}, {{ delimiter }}, {{ position }})
{%- endmacro %}

{% macro spark__event_order(occurred_at, event_key) -%}
    concat(date_format({{ occurred_at }}, 'yyyyMMddHHmmssSSSSSS') {%- for byte in range(31, 15, -2) %}, substr(md5({{ event_key }}), {{ byte }}, 2){% endfor %})
{%- endmacro %}

{% macro spark__clear_seed() -%}
    {%- if execute and load_relation(this) -%}
        {%- set rows = load_agate_table() -%}
        create or replace table {{ this }} (
            {%- for name in rows.column_names %}
            {{ adapter.quote(name) }} {{ model.config.column_types.get(name, adapter.convert_type(rows, loop.index0)) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) using {{ config.get('file_format') }}
    {%- endif -%}
{%- endmacro %}

{# dbt-spark has no delete+insert. #}
{% macro spark__replacing_strategy() %}
    {{- return('merge') -}}
{% endmacro %}

{# What Spark reads of itself, and the spellings that DuckDB reads too. A whole number may be spelled 12.0 or 1.2e1; what rounding
   takes from a fraction is found by comparing. #}
{% macro spark__try_cast(expression, logical) -%}
    {%- set text -%}cast({{ expression }} as string){%- endset -%}
    {%- if logical == 'int' -%}
        {#- Beyond the largest integer Spark gives the largest, not NULL. -#}
        {%- set rounded -%}round(try_cast({{ expression }} as double)){%- endset -%}
        coalesce(
            try_cast({{ expression }} as bigint),
            case when abs({{ rounded }}) < 9223372036854775807e0 then try_cast({{ rounded }} as bigint) end
        )
    {%- elif logical == 'timestamp' -%}
        coalesce(
            try_cast({{ expression }} as timestamp),
            case
                when {{ text }} rlike '^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}' then try_cast(translate({{ text }}, '/', '-') as timestamp)
                when {{ text }} rlike '[T ]24:00:00$' then try_cast(substr({{ text }}, 1, length({{ text }}) - 9) as timestamp) + interval 1 day
            end
        )
    {%- elif logical == 'date' -%}
        coalesce(try_cast({{ expression }} as date), try_cast(regexp_replace({{ text }}, '[T ].*$', '') as date))
    {%- elif logical == 'boolean' -%}
        case when lower({{ text }}) not in ('on', 'off') then try_cast({{ expression }} as boolean) end
    {%- else -%}
        try_cast({{ expression }} as {{ ai_impact.physical_type(logical) }})
    {%- endif -%}
{%- endmacro %}

{% macro spark__physical_type(logical) -%}
    {{- {'string': 'string', 'double': 'double', 'int': 'bigint', 'boolean': 'boolean', 'date': 'date', 'timestamp': 'timestamp'}[logical] -}}
{%- endmacro %}
