with raw_rows as (
    {% for name in ai_impact.source_names() %}
        select
            '{{ name }}' as source,
            {{ ai_impact.load_day(ai_impact.try_cast('received_at', 'timestamp')) }} as load_day,
            count(*) as raw,
            sum({{ ai_impact.row_hash(ai_impact.source_columns(name) | map(attribute='name') | list) }}) as raw_hash
        from {{ ai_impact.whole_raw(name) }}
        group by 1, 2
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged_rows as (
    {% for name in ai_impact.source_names() %}
        select
            '{{ name }}' as source,
            load_day,
            count(case when row_status = 'accepted' then 1 end) as accepted,
            count(case when row_status = 'duplicate' then 1 end) as duplicate,
            count(case when row_status = 'accepted' and is_late then 1 end) as late,
            sum(raw_hash) as raw_hash,
            max(case when row_status = 'accepted' then received_at end) as newest_received_at
        from {{ ref('ai_impact', 'base_' ~ name) }}
        group by 1, 2
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

quarantined_rows as (
    select
        source,
        load_day,
        count(*) as quarantined,
        count(case when reason = 'too_late' then 1 end) as too_late,
        count(case when reason in ('shared_identifier', 'unknown_id_type', 'oversized_component') then 1 end)
            as accepted_before
    from {{ ref('ai_impact', 'event_quarantine') }}
    group by source, load_day
),

-- Rows that stand as current, though a newer version of them waits in quarantine.
standing_rows as (
    {% for name in ai_impact.state_sources() %}
        select
            '{{ name }}' as source,
            load_day,
            count(*) as outdated
        from (
            {{ ai_impact.state_versions(ref('ai_impact', 'base_' ~ name), name) }}
        ) as versions
        where has_newer_in_quarantine and not coalesce(is_deleted, false)
        group by 1, 2
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

days as (
    select
        source,
        load_day
    from raw_rows
    {{ ai_impact.union_distinct() }}
    select
        source,
        load_day
    from judged_rows
),

final as (
    select
        {{ ai_impact.hash_key(['days.source', 'days.load_day']) }} as reconciliation_key,
        days.source,
        days.load_day,
        coalesce(raw_rows.raw, 0) as raw,
        -- Links that staging accepted and identity resolution rejected count once, as quarantined.
        coalesce(judged_rows.accepted, 0) - coalesce(quarantined_rows.accepted_before, 0) as accepted,
        coalesce(judged_rows.duplicate, 0) as duplicate,
        coalesce(quarantined_rows.quarantined, 0) as quarantined,
        coalesce(judged_rows.late, 0) as late,
        coalesce(quarantined_rows.too_late, 0) as too_late,
        coalesce(standing_rows.outdated, 0) as outdated,
        judged_rows.newest_received_at,
        coalesce(raw_rows.raw_hash <> judged_rows.raw_hash, false) as is_edited
    from days
    left join raw_rows
        on days.source = raw_rows.source and days.load_day = raw_rows.load_day
    left join judged_rows
        on days.source = judged_rows.source and days.load_day = judged_rows.load_day
    left join quarantined_rows
        on days.source = quarantined_rows.source and days.load_day = quarantined_rows.load_day
    left join standing_rows
        on days.source = standing_rows.source and days.load_day = standing_rows.load_day
)

select * from final
