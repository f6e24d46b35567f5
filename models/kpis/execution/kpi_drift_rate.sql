with changes as (
    select * from {{ ref('ai_impact', 'int_model_changes') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain not in ('baseline', 'hour')
),

measured as (
    select
        periods.period_key,
        changes.use_case_id,
        changes.team_id,
        100 * abs(changes.failure_rate_after - changes.failure_rate_before) as points,
        10000 * (
            changes.failure_rate_after * (1 - changes.failure_rate_after) / changes.tasks_after
            + changes.failure_rate_before * (1 - changes.failure_rate_before) / changes.tasks_before
        ) as variance,
        changes.tasks_before + changes.tasks_after as tasks
    from changes
    inner join periods on changes.took_over_on >= periods.period_start and changes.took_over_on < periods.period_end
),

cells as (
    select
        period_key,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        team_id,
        {{ ai_impact.exact_sum('points') }} as points,
        {{ ai_impact.interval_z() }}e0 * sqrt({{ ai_impact.exact_sum('variance') }}) as margin,
        count(*) as changes,
        sum(tasks) as tasks
    from measured
    group by grouping sets ((period_key, team_id, use_case_id), (period_key, team_id))
),

final as (
    select
        {{ ai_impact.measure_keys('drift_rate') }},
        {{ ai_impact.ratio_columns('points', 'changes', 'tasks') }},
        {{ ai_impact.interval(
            ai_impact.greatest(['points - margin', '0']) ~ ' / changes', '(points + margin) / changes'
        ) }},
        cast(null as {{ dbt.type_string() }}) as reason
    from cells
)

select * from final
