{{ config(group='kpis') }}
{#- Fan-out of percentiles: over the days, each measured task is in the list of all exactly once. -#}
with tasks as (
    select * from {{ ref('ai_impact', 'fct_tasks') }}
    where is_completed and cycle_hours is not null
),

measures as (
    select * from {{ ref('ai_impact', 'kpi_cycle_time') }}
    where kpi_id = 'cycle_time_p50' and use_case_id = '(all)' and team_id = '(all)'
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain = 'day'
),

totals as (
    select
        (
            select count(*)
            from tasks
            inner join periods on tasks.completed_at >= periods.period_start and tasks.completed_at < periods.period_end
        ) as wanted,
        (
            select coalesce(sum(measures.n), 0)
            from measures
            inner join periods on measures.period_key = periods.period_key
        ) as got
),

final as (
    select * from totals
    where wanted <> got
)

select * from final
