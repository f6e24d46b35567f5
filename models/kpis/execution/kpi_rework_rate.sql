with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

final as (
    select
        {{ ai_impact.measure_keys('rework_rate') }},
        {{ ai_impact.ratio_columns('reworked_tasks', 'completed', 'completed', 100) }},
        {{ ai_impact.interval(
            '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', -1), '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', 1)
        ) }},
        cast(null as {{ dbt.type_string() }}) as reason
    from cells
)

select * from final
