{#
    Every raw row of a source, typed, with a verdict: accepted, duplicate or quarantined. Nothing disappears.
    Columns, types, enumerations and bounds are read from models/staging/_sources.yml, the one place that states them.

    Columns of every table that this makes: row_status (the verdict), reason and reason_column (why it is not accepted), event_key,
    content_hash (of all columns but `received_at`), copy_number (of rows with both the same, from 1), is_late (received more
    than `lookback_days` after it occurred), load_day, and original_row.

    Few events arrive more than once, so a cheap pass over the keys finds them. All other rows pass through in one scan that holds
    nothing; only those of repeated events are compared with each other.

    An incremental run reads the rows received since `lookback_days` before the newest accepted one, and takes along what it
    already holds of the same events: a verdict depends on all rows of an event, so whole events are judged again.
#}
{% macro stage_source(name) -%}
{%- set relation = ai_impact.whole_raw(name) -%}
{%- if not execute -%}
select * from {{ relation }}
{%- else -%}
{%- set columns = ai_impact.source_columns(name) -%}
{%- set clock = ai_impact.source_clock(name) -%}
{%- if is_incremental() -%}
{%- set since = ai_impact.reload_since() -%}
with arrived as (
    {{ ai_impact.judged_rows(name, columns, relation ~ ' where ' ~ ai_impact.is_in_reload_window(
        ai_impact.try_cast('received_at', 'timestamp'), ai_impact.try_cast(clock, 'timestamp'), since
    )) }}
),

-- First the keys alone, then whole rows by key and time of receipt: an engine skips what it stores of other times.
held as (
    select distinct
        event_key,
        received_at
    from {{ this }}
    where event_key in (select event_key from arrived)
        and not ({{ ai_impact.is_in_reload_window('received_at', clock, since) }})
),

compared as (
    select * from arrived
    union all
    select
        known.event_key,
        {%- for column in columns %}
        known.{{ column.name }},
        {%- endfor %}
        known.content_hash,
        case when known.reason <> 'collision' then known.reason || ':' || known.reason_column end as problem,
        case when known.reason <> 'collision' then known.original_row end as original_row
    from {{ this }} as known
    inner join held
        on known.event_key = held.event_key and known.received_at = held.received_at
),

{{ ai_impact.deduplicate('compared', columns) }}

{{ ai_impact.verdicts(name, columns, 'deduplicated') }}
{%- else -%}
{%- set identity_hash = ai_impact.content_hash(ai_impact.typed_identity(name, columns)) -%}
with repeated as (
    select {{ identity_hash }} as identity_hash
    from {{ relation }}
    group by {{ identity_hash }}
    having count(*) > 1
),

once as (
    select
        *,
        1 as copy_number,
        case when problem is null then 'accepted' else 'quarantined' end as row_status
    from (
        {{ ai_impact.judged_rows(name, columns, relation ~ ' left join repeated on ' ~ identity_hash ~ ' = repeated.identity_hash where repeated.identity_hash is null') }}
    ) as judged
),

compared as (
    {{ ai_impact.judged_rows(name, columns, relation ~ ' inner join repeated on ' ~ identity_hash ~ ' = repeated.identity_hash') }}
),

{{ ai_impact.deduplicate('compared', columns) }}

{{ ai_impact.verdicts(name, columns, 'once') }}
union all
{{ ai_impact.verdicts(name, columns, 'deduplicated') }}
{%- endif -%}
{%- endif -%}
{%- endmacro %}

{# Raw rows, typed, with their key, the hash of their content, and their problem if they have one. Each step is a query of its own:
   what the next one reads several times is computed once, and what few rows need (their JSON) has nothing in common with what all
   need, which an engine would compute for every row. #}
{% macro judged_rows(name, columns, rows) -%}
    select
        event_key,
        {%- for column in columns %}
        {{ ai_impact.settled(name, column) }} as {{ column.name }},
        {%- endfor %}
        content_hash,
        problem,
        case when problem is not null then {{ ai_impact.raw_row(columns) }} end as original_row
    from (
        select
            *,
            {{ ai_impact.identity_key(name) }} as event_key,
            cast({{ ai_impact.content_hash(ai_impact.said_in(columns | rejectattr('name', 'equalto', 'received_at') | list)) }} as {{ dbt.type_string() }}) as content_hash,
            {{ ai_impact.row_problem(name, columns) }} as problem
        from (
            select
                *
                {%- for column in columns if column.type != 'string' %},
                {{ ai_impact.said(column) }} as said_{{ column.name }}
                {%- endfor %}
            from (
                select
                    {%- for column in columns %}
                    {{ ai_impact.typed_column(column, column.name if column.type == 'string' else 'raw_' ~ column.name) }} as {{ column.name }},
                    raw_{{ column.name }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from (
                    select
                        {%- for column in columns %}
                        {%- if column.type == 'string' %}
                        {{ ai_impact.as_text(column.name) }} as {{ column.name }},
                        {%- endif %}
                        {{ column.name }} as raw_{{ column.name }}{{ ',' if not loop.last }}
                        {%- endfor %}
                    from {{ rows }}
                ) as spelt
            ) as typed
        ) as spoken
    ) as judged
{%- endmacro %}

{# The columns of a base model, from rows with a status. #}
{% macro verdicts(name, columns, rows) -%}
select
    event_key,
    {{ columns | map(attribute='name') | join(',\n    ') }},
    {{ ai_impact.load_day('received_at') }} as load_day,
    {% if ai_impact.source_clock(name) == 'occurred_at' -%}
    coalesce({{ ai_impact.seconds_between('occurred_at', 'received_at') }} > {{ var('lookback_days') * 86400 }}, false) as is_late,
    {%- else -%}
    false as is_late,
    {%- endif %}
    content_hash,
    copy_number,
    -- A copy keeps its problem: a later run judges it again with the rows that have come since.
    case
        when problem is not null then {{ ai_impact.nth_part('problem', "':'", 1) }}
        when row_status = 'quarantined' then 'collision'
    end as reason,
    case
        when problem is not null then {{ ai_impact.nth_part('problem', "':'", 2) }}
        when row_status = 'quarantined' then '{{ ai_impact.source_identity(name)[-1] }}'
    end as reason_column,
    case
        when problem is not null then original_row
        when row_status = 'quarantined' then {{ ai_impact.typed_row(columns) }}
    end as original_row,
    row_status
from {{ rows }}
{%- endmacro %}
