{#- What came in, source by source and in all, and what became of it. -#}
with reconciliation as (
    select * from {{ ref('ai_impact', 'event_reconciliation') }}
),

final as (
    select
        coalesce(source, 'all') as source_id,
        coalesce(replace(source, '_', ' '), 'All sources') as source,
        {% for column in ['raw', 'accepted', 'duplicate', 'quarantined', 'late'] -%}
            cast(sum({{ column }}) as {{ dbt.type_bigint() }}) as {{ column }},
        {% endfor -%}
        cast(sum(raw - accepted - duplicate - quarantined) as {{ dbt.type_bigint() }}) as unaccounted,
        {{ ai_impact.safe_divide('sum(duplicate)', 'sum(raw)') }} as share_duplicate,
        {{ ai_impact.safe_divide('sum(quarantined)', 'sum(raw)') }} as share_quarantined,
        {{ ai_impact.safe_divide('sum(late)', 'sum(accepted)') }} as share_late,
        max(newest_received_at) as newest_received_at
    from reconciliation
    group by grouping sets ((source), ())
)

select * from final
