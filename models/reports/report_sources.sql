{#- What came in, source by source and in all, and what became of it. -#}
with reconciliation as (
    select * from {{ ref('event_reconciliation') }}
),

final as (
    select
        coalesce(source, 'all') as source_id,
        case when source is null then 'All sources' else replace(source, '_', ' ') end as source,
        cast(sum(raw) as {{ dbt.type_bigint() }}) as raw,
        cast(sum(accepted) as {{ dbt.type_bigint() }}) as accepted,
        cast(sum(duplicate) as {{ dbt.type_bigint() }}) as duplicate,
        cast(sum(quarantined) as {{ dbt.type_bigint() }}) as quarantined,
        cast(sum(late) as {{ dbt.type_bigint() }}) as late,
        cast(sum(raw - accepted - duplicate - quarantined) as {{ dbt.type_bigint() }}) as unaccounted,
        {{ ai_impact.safe_divide('sum(duplicate)', 'sum(raw)') }} as share_duplicate,
        {{ ai_impact.safe_divide('sum(quarantined)', 'sum(raw)') }} as share_quarantined,
        {{ ai_impact.safe_divide('sum(late)', 'sum(accepted)') }} as share_late,
        max(newest_received_at) as newest_received_at
    from reconciliation
    group by grouping sets ((source), ())
)

select * from final
