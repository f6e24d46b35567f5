{#
    Every raw row of a source, typed, with a verdict: accepted, duplicate or quarantined. Nothing disappears.
    Columns, types, enumerations and bounds are read from models/staging/_sources.yml, the one place that states them.

    Columns of every table that this makes: row_status (the verdict), reason and reason_column (why it is not accepted), event_key,
    content_hash (of all columns but `received_at`), copy_number (of rows with both the same, from 1), is_late (received more
    than `lookback_days` after it occurred), load_day, original_row, raw_hash (of the raw row as it came), and id_key_mark (which secret its
    identifiers were hashed with).

    Few events arrive more than once, so a cheap pass over the keys finds them, and only their rows are ranked.

    An incremental run reads the rows received since `lookback_days` before the newest accepted one, and takes along what it
    already holds of the same events: a verdict depends on all rows of an event, so whole events are judged again.
#}
{% macro stage_source(name) -%}
{%- set relation = ai_impact.whole_raw(name) -%}
{%- if not execute -%}
select * from {{ relation }}
{%- else -%}
{%- do ai_impact.check_made_source(name) -%}
{%- set columns = ai_impact.source_columns(name) -%}
{%- set column_names = columns | map(attribute='name') | list -%}
{%- set identity_hash = ai_impact.content_hash(ai_impact.typed_identity(name, columns)) -%}
with arrived as (
    {%- if is_incremental() %}
    select *
    from (
        select
            *,
            {{ ai_impact.try_cast('received_at', 'timestamp') }} as received,
            {{ ai_impact.try_cast(ai_impact.source_clock(name), 'timestamp') }} as occurred
        from {{ relation }}
    ) as clocked
    where {{ ai_impact.is_in_reload_window('received', 'occurred') }}
    {%- else %}
    select * from {{ relation }}
    {%- endif %}
),

{% if not is_incremental() -%}
repeated as (
    select {{ identity_hash }} as identity_hash
    from {{ relation }}
    group by {{ identity_hash }}
    having count(*) > 1
),

{% endif -%}
typed as {{ ai_impact.written_once() }} (
    select
        {%- for column in columns %}
        {{ ai_impact.typed_column(column) }} as {{ column.name }},
        {{ column.name }} as raw_{{ column.name }},
        {%- endfor %}
        {{ ai_impact.row_hash(column_names) }} as raw_hash,
        {{ 'true' if is_incremental() else 'repeated.identity_hash is not null' }} as is_repeated
    from arrived
    {%- if not is_incremental() %}
    left join repeated on {{ identity_hash }} = repeated.identity_hash
    {%- endif %}
),

-- From here on no identifier of a person and no text that nobody expected. The keys go along under one name, for what is hashed later.
hidden as {{ ai_impact.written_once() }} (
    select
        {%- for column in columns %}
        {{ ai_impact.kept_column(column, columns) }} as {{ column.name }},
        typed.raw_{{ column.name }},
        {%- endfor %}
        {{ ai_impact.too_long(columns) }} as too_long,
        typed.raw_hash,
        typed.is_repeated,
        id_keys.inner_key,
        id_keys.outer_key,
        id_keys.mark as id_key_mark
    from typed
    cross join {{ ai_impact.id_key_table() }} as id_keys
),

judged as {{ ai_impact.written_once() }} (
    select
        *,
        cast({{ ai_impact.content_hash(ai_impact.said_in(columns | rejectattr('name', 'equalto', 'received_at') | list)) }} as {{ dbt.type_string() }}) as content_hash,
        {{ ai_impact.row_problem(name, columns) }} as problem
    from hidden as id_keys
),

keyed as {{ ai_impact.inlined() }} (
    select
        {{ ai_impact.identity_key(name) }} as event_key,
        {%- for column in columns %}
        {{ ai_impact.settled(name, column) }} as {{ column.name }},
        {%- endfor %}
        content_hash,
        problem,
        case when problem is not null then {{ ai_impact.raw_row(columns) }} end as original_row,
        raw_hash,
        id_key_mark,
        is_repeated
    from judged as id_keys
    {%- if is_incremental() %}
    union all
    select
        event_key,
        {{ column_names | join(',\n        ') }},
        content_hash,
        case when reason <> 'collision' then reason || ':' || reason_column end as problem,
        case when reason <> 'collision' then original_row end as original_row,
        raw_hash,
        id_key_mark,
        true as is_repeated
    from {{ this }}
    where event_key in (
        select {{ ai_impact.identity_key(name) }} from judged as id_keys
    )
        and not ({{ ai_impact.is_in_reload_window('received_at', ai_impact.source_clock(name)) }})
    {%- endif %}
),

{{ ai_impact.deduplicate('keyed') }},

final as (
    select
        event_key,
        {{ column_names | join(',\n        ') }},
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
        raw_hash,
        id_key_mark,
        row_status
    from deduplicated
)

select * from final
{%- endif -%}
{%- endmacro %}
