{{ config(group='kpis') }}
{#- Fan-out: no join of the KPI layer may multiply or lose a task. The days of all use cases and teams together hold what fct_tasks holds,
    for the numerator and the denominator of every ratio; and so does each way of cutting them. -#}
with tasks as (
    select * from {{ ref('ai_impact', 'fct_tasks') }}
    where is_completed
),

calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
),

days as (
    select * from {{ ref('ai_impact', 'int_kpi_daily') }}
),

wanted as (
    select
        count(*) as completed,
        count(*) filter (where human_minutes > 0) as timed_tasks,
        coalesce({{ ai_impact.exact_sum('human_minutes / 60.0', 'human_minutes > 0') }}, 0) as timed_hours,
        count(*) filter (where is_eligible) as eligible_tasks,
        count(*) filter (where is_eligible and execution_mode = 'ai_autonomous') as automated_tasks,
        coalesce(sum(error_count), 0) as errors,
        count(*) filter (where rework_count > 0) as reworked_tasks,
        coalesce({{ ai_impact.exact_sum('review_minutes / 60.0') }}, 0) as review_hours
    from tasks
),

wanted_calls as (
    select
        count(case when is_cost_counted then 1 end) as calls,
        coalesce({{ ai_impact.exact_sum('cost_amount_reported') }}, 0) as compute_cost
    from calls
),

got as (
    select
        case when use_case_id = '(all)' then 'all' else 'each' end as use_cases,
        case when team_id = '(all)' then 'all' else 'each' end as teams,
        {{ ai_impact.kpi_sums(ai_impact.kpi_counts(), ai_impact.kpi_amounts()) }}
    from days
    group by 1, 2
),

final as (
    select got.*
    from got
    cross join wanted
    cross join wanted_calls
    where
        got.completed <> wanted.completed
        or got.timed_tasks <> wanted.timed_tasks
        or abs(got.timed_hours - wanted.timed_hours) > 1e-6 * (1 + wanted.timed_hours)
        or got.eligible_tasks <> wanted.eligible_tasks
        or got.automated_tasks <> wanted.automated_tasks
        or got.errors <> wanted.errors
        or got.reworked_tasks <> wanted.reworked_tasks
        or abs(got.review_hours - wanted.review_hours) > 1e-6 * (1 + wanted.review_hours)
        or got.calls <> wanted_calls.calls
        or abs(got.compute_cost - wanted_calls.compute_cost) > 1e-6 * (1 + wanted_calls.compute_cost)
)

select * from final
