{#- The sums of every day for each use case and team, for all teams, all use cases, and both. -#}
{% set all_sums = ai_impact.kpi_counts() + ai_impact.kpi_amounts() -%}
{% set of_calls = ['calls', 'unpriced_calls', 'compute_cost', 'loose_unpriced_calls', 'loose_compute_cost'] -%}
{% set of_tasks = all_sums | reject('in', ['unpriced_charges', 'tooling_cost'] + of_calls[3:]) | list -%}
with task_days as (
    select * from {{ ref('ai_impact', 'int_tasks_daily') }}
),

-- Calls that no completed task carries.
call_days as (
    select
        *,
        unpriced_calls as loose_unpriced_calls,
        compute_cost as loose_compute_cost
    from {{ ref('ai_impact', 'int_ai_calls_daily') }}
),

tooling_days as (
    select * from {{ ref('ai_impact', 'int_tooling_daily') }}
),

rates as (
    select * from {{ ref('ai_impact', 'labor_rates') }}
),

-- A charge without a cost leaves open what tooling costs that day.
tooled as (
    select
        charged_on,
        use_case_id,
        team_id,
        unpriced_charges,
        sum(unpriced_charges) over (partition by charged_on, use_case_id) as unpriced_that_day,
        case
            when sum(unpriced_charges) over (partition by charged_on, use_case_id) = 0 then tooling_cost
        end as tooling_cost
    from tooling_days
),

charged as (
    select distinct
        charged_on,
        use_case_id,
        unpriced_that_day
    from tooled
),

known as (
    select
        task_days.*,
        task_days.completed_on as date_day,
        rates.loaded_cost_per_hour as hourly_cost,
        case
            when
                rates.loaded_cost_per_hour is null
                and coalesce(task_days.costed_hours, 0) + coalesce(task_days.costed_review_hours, 0) > 0
                then 0
            else 1
        end as is_paid,
        case
            when charged.unpriced_that_day > 0 then 0
            when charged.use_case_id is null and task_days.ai_tasks > 0 then 0
            else 1
        end as is_charged,
        case
            when
                rates.loaded_cost_per_hour is null
                and coalesce(task_days.timed_hours, 0) + coalesce(task_days.review_hours, 0) > 0
                then task_days.completed
            else task_days.untimed_tasks
        end as unpaid_tasks,
        case when charged.use_case_id is null then task_days.ai_tasks else 0 end as uncharged_ai_tasks
    from task_days
    left join rates
        on
            task_days.team_id = rates.team_id
            and {{ ai_impact.month_of('task_days.completed_on') }} = cast(rates.month as date)
    left join charged
        on task_days.completed_on = charged.charged_on and task_days.use_case_id = charged.use_case_id
),

-- A task is covered where all four terms of its cost are known; the terms are sums over these.
paid as (
    select
        *,
        is_charged * completed as charged_tasks,
        is_paid * is_charged * costed_tasks as covered_tasks,
        is_paid * is_charged * costed_share as covered_share,
        is_paid * is_charged * costed_compute as covered_compute_cost,
        is_charged * costed_hours * hourly_cost as labour_cost,
        is_charged * costed_review_hours * hourly_cost as review_cost
    from known
),

parts as (
    select
        date_day,
        use_case_id,
        team_id,
        {{ ai_impact.kpi_columns(of_tasks) }}
    from paid
    union all
    select
        called_on,
        use_case_id,
        team_id,
        {{ ai_impact.kpi_columns(of_calls) }}
    from call_days
    union all
    select
        charged_on,
        use_case_id,
        team_id,
        {{ ai_impact.kpi_columns(['unpriced_charges', 'tooling_cost']) }}
    from tooled
),

summed as (
    select
        date_day,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        {{ ai_impact.kpi_sums(ai_impact.kpi_counts(), ai_impact.kpi_amounts()) }}
    from parts
    group by {{ ai_impact.cell_sets(['date_day']) }}
),

totalled as (
    select
        *,
        covered_compute_cost + loose_compute_cost + labour_cost + review_cost + tooling_cost as total_cost
    from summed
),

final as (
    select
        *,
        total_cost * total_cost as total_cost_squared,
        total_cost * covered_tasks as total_cost_by_covered,
        covered_tasks * covered_tasks as covered_squared,
        1 as days
    from totalled
)

select * from final
