with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

final as (
    select
        {{ ai_impact.measure_keys('automation_rate') }},
        {{ ai_impact.ratio_columns('automated_tasks', 'eligible_tasks', 'eligible_tasks') }},
        {{ ai_impact.interval(
            ai_impact.wilson('automated_tasks', 'eligible_tasks', -1), ai_impact.wilson('automated_tasks', 'eligible_tasks', 1)
        ) }},
        case when eligible_tasks = 0 then 'No completed task is marked as eligible for automation.' end as reason
    from cells
)

select * from final
