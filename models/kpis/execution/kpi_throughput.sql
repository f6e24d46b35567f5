with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

timed as (
    select
        *,
        days_in_period * 24 as elapsed_hours,
        {{ ai_impact.safe_divide('timed_tasks', 'timed_hours') }} as tasks_per_hour,
        {{ ai_impact.interval_z() }}e0 * {{ ai_impact.ratio_std_error(
            'timed_tasks', 'timed_tasks', 'timed_hours', 'timed_tasks', 'timed_hours_squared', 'timed_hours'
        ) }} as margin
    from cells
),

final as (
    select
        {{ ai_impact.measure_keys('throughput') }},
        {{ ai_impact.ratio_columns('completed', 'elapsed_hours', 'completed') }},
        {{ ai_impact.interval(
            ai_impact.byar('completed', -1) ~ ' / elapsed_hours', ai_impact.byar('completed', 1) ~ ' / elapsed_hours'
        ) }},
        cast(null as {{ dbt.type_string() }}) as reason
    from timed
    union all
    select
        {{ ai_impact.measure_keys('throughput_per_labour_hour') }},
        {{ ai_impact.ratio_columns('timed_tasks', 'timed_hours', 'timed_tasks') }},
        {{ ai_impact.interval(ai_impact.greatest(['tasks_per_hour - margin', '0']), 'tasks_per_hour + margin') }},
        case when timed_tasks = 0 then 'No completed task has known human minutes.' end as reason
    from timed
)

select * from final
