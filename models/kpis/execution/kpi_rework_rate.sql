with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

measured as (
    select
        {{ ai_impact.measure_keys('rework_rate') }},
        {{ ai_impact.ratio_columns('reworked_tasks', 'completed', 'completed', 100) }},
        {{ ai_impact.interval(
            '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', -1), '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', 1)
        ) }},
        max(reworked_tasks) over () as most_reported
    from cells
),

final as (
    select {{ ai_impact.if_ever_reported('rework', 'rework_requested') }}
    from measured
)

select * from final
