{#
    What all connectors share: reading a table as it landed, and writing one of the contract.

    A landed table may lack columns that its tool added later or that nobody chose to load, may spell them as `close_date` or as
    `CloseDate`, and may hold text where another has types. So each column is looked up, cast, and NULL where it is absent.
#}
{% macro landed_columns(relation) %}
    {%- set found = {} -%}
    {%- for column in (adapter.get_columns_in_relation(relation) if execute and relation is not none else []) -%}
        {%- do found.update({ai_impact.plain_name(column.name): column}) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# A column's name without what tools spell differently: CloseDate, close_date and CLOSE_DATE are one. #}
{% macro plain_name(name) %}
    {{- return(name | lower | replace('_', '') | replace('.', '')) -}}
{% endmacro %}

{#
    A select over a landed table: `columns` as {name: type}, or {name: [type, other names]}, then `given`: expressions over the
    columns as landed, each as `given_<name>`. `received` names the column with the time of receipt, read as `received_at`.
    Where the relation is none, an empty table of the same columns. The type `json` is what `json_text` reads; `unchanged` is not cast. `rows` is a common table
    expression to read instead, which has the relation's columns and more.
#}
{% macro read_landed(relation, columns, given={}, received='received_at', where=none, contract=none, rows=none) -%}
    {%- set found = ai_impact.landed_columns(relation) -%}
    {%- set types = ai_impact.contract_types(contract) if contract else {} %}
    select
        {%- for name, spec in columns.items() %}
        {{ ai_impact.landed_column(found, name, spec, relation) }} as {{ name }},
        {%- endfor %}
        {%- for name, expression in given.items() %}
        {%- if relation is none %}
        cast(null as {{ ai_impact.physical_type(types.get(name, 'string')) }}) as given_{{ name }},
        {%- else %}
        {{ ai_impact.try_cast('(' ~ expression ~ ')', types.get(name, 'string')) }} as given_{{ name }},
        {%- endif %}
        {%- endfor %}
        {{ ai_impact.landed_column(found, received, 'timestamp', relation if found.get(ai_impact.plain_name(received)) else none) }} as received_at
    from {% if relation is none %}(select 1 as nothing) as nobody where 1 = 0{% else %}{{ rows or relation }} as landed_rows{% endif %}
    {%- if where and relation is not none %}
    where {{ where }}
    {%- endif %}
{%- endmacro %}

{# One column of a landed table in its type. A table that can't be looked up has the first name. #}
{% macro landed_column(found, name, spec, relation) -%}
    {%- set logical = spec if spec is string else spec[0] -%}
    {%- set names = [name] + ([] if spec is string else spec[1:]) -%}
    {%- set there = namespace(name=none, type='') -%}
    {%- for candidate in names if there.name is none and found.get(ai_impact.plain_name(candidate)) -%}
        {%- set column = found[ai_impact.plain_name(candidate)] -%}
        {%- set there.name = adapter.quote(column.name) -%}
        {%- set there.type = column.dtype | lower -%}
    {%- endfor -%}
    {%- if there.name is none and relation is not none and not found -%}
        {%- set there.name = name -%}
    {%- endif -%}
    {%- if logical == 'unchanged' -%}
        {{ name }}
    {%- elif logical == 'json' -%}
        {{ ai_impact.parsed_json(there.name or 'cast(null as ' ~ dbt.type_string() ~ ')', there.type) }}
    {%- elif there.name is none -%}
        cast(null as {{ ai_impact.physical_type(logical) }})
    {%- elif logical == 'string' and modules.re.search('double|float|real', there.type) -%}
        {#- An id that a loader made a double of, beside NULLs, is the whole number on every engine. -#}
        case
            when {{ there.name }} = floor({{ there.name }}) then cast({{ ai_impact.try_cast(there.name, 'int') }} as {{ dbt.type_string() }})
            else {{ ai_impact.as_text(there.name) }}
        end
    {%- elif logical == 'string' -%}
        nullif({{ ai_impact.as_text(there.name) }}, '')
    {%- elif logical == 'timestamp' -%}
        {{ ai_impact.landed_time(there.name, there.type) }}
    {%- else -%}
        {{ ai_impact.try_cast(there.name, logical) }}
    {%- endif -%}
{%- endmacro %}

{# A time as it landed: typed, as text with or without an offset, or as a number of seconds, milli-, micro- or nanoseconds since 1970. #}
{% macro landed_time(column, data_type) -%}
    {%- set number = ai_impact.try_cast(column, 'double') -%}
    {%- if 'date' in data_type or 'time' in data_type -%}
        {{ ai_impact.try_cast(column, 'timestamp') }}
    {%- elif modules.re.search('int|num|dec|double|float|real|long', data_type) -%}
        {{ ai_impact.epoch_time(number) }}
    {%- else -%}
        coalesce({{ ai_impact.try_cast(column, 'timestamp') }}, {{ ai_impact.epoch_time(number) }})
    {%- endif -%}
{%- endmacro %}

{# The time of a number since 1970, whose size says of what. #}
{% macro epoch_time(number) -%}
    {%- set seconds = 'case when abs(' ~ number ~ ') < 1e11 then ' ~ number ~ ' when abs(' ~ number ~ ') < 1e14 then ' ~ number
        ~ ' / 1e3 when abs(' ~ number ~ ') < 1e17 then ' ~ number ~ ' / 1e6 else ' ~ number ~ ' / 1e9 end' -%}
    {{ ai_impact.add_time(
        'microsecond', 'cast(round(((' ~ seconds ~ ') - floor(' ~ seconds ~ ')) * 1e6) as ' ~ dbt.type_int() ~ ')',
        ai_impact.add_time('second', 'cast(floor(' ~ seconds ~ ') as ' ~ dbt.type_int() ~ ')', "cast('1970-01-01' as timestamp)")
    ) }}
{%- endmacro %}

{# The types of a source's columns, by name. #}
{% macro contract_types(name) %}
    {%- set types = {} -%}
    {%- for column in ai_impact.source_columns(name) -%}
        {%- do types.update({column.name: column.type}) -%}
    {%- endfor -%}
    {{- return(types) -}}
{% endmacro %}

{# What a connector was given beside its tables, if all of it is columns that it takes; the run stops where it is not. #}
{% macro check_given(connector, given, takes) %}
    {%- for name in given if name not in takes -%}
        {%- do ai_impact.stop(connector ~ ' takes no `' ~ name ~ '`; an expression may be given for: ' ~ takes | join(', ') ~ '.') -%}
    {%- endfor -%}
    {{- return(given) -}}
{% endmacro %}

{#
    The columns of a source in the contract's order and types, from {name: SQL}: what is not named is what was given, or NULL. `only` is
    the condition under which a given column is reported: minutes of a task are added up over its steps, so that one step has them.
#}
{% macro contract_columns(name, made, given={}, only={}) -%}
    {%- for column in ai_impact.source_columns(name) -%}
        {%- set value = 'given_' ~ column.name if column.name in given else made.get(column.name, 'null') -%}
        {%- if column.name in only and value != 'null' -%}
            {%- set value = 'case when ' ~ only[column.name] ~ ' then ' ~ value ~ ' end' -%}
        {%- endif %}
        cast({{ value }} as {{ ai_impact.physical_type(column.type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    Common table expression: of all versions of a row, the last; `received_at` is when the first was received, since later versions of
    a ticket do not make its opening late.
#}
{% macro last_version(versions, key, order_by) -%}
    select *
    from (
        select
            {{ versions }}.*,
            min(received_at) over (partition by {{ key }}) as first_received_at,
            row_number() over (partition by {{ key }} order by {{ order_by | join(' desc nulls last, ') }} desc nulls last) as version_number
        from {{ versions }}
        where {{ key }} is not null
    ) as numbered
    where version_number = 1
{%- endmacro %}

{# What a task may be given by whoever maps it, beside the steps that its tool tells. #}
{% macro task_columns() %}
    {{- return([
        'task_id', 'use_case_id', 'team_id', 'subject_type', 'subject_id', 'execution_mode', 'is_eligible', 'complexity', 'human_minutes',
        'baseline_minutes', 'baseline_source'
    ]) -}}
{% endmacro %}
