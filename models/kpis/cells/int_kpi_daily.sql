{#- The sums of every day for each use case and team, for all teams, all use cases, and both. -#}
{% set all_sums = ai_impact.kpi_counts() + ai_impact.kpi_amounts() -%}
{% set of_tasks = all_sums | reject('in', ['unpriced_charges', 'tooling_cost']) | list -%}
with task_days as (
    select * from {{ ref('int_tasks_daily') }}
),

call_days as (
    select * from {{ ref('int_ai_calls_daily') }}
),

tooling_days as (
    select * from {{ ref('int_tooling_daily') }}
),

rates as (
    select * from {{ ref('labor_rates') }}
),

charged as (
    select distinct
        charged_on,
        use_case_id
    from tooling_days
),

paid as (
    select
        task_days.*,
        task_days.completed_on as date_day,
        task_days.timed_hours * rates.loaded_cost_per_hour as labour_cost,
        task_days.review_hours * rates.loaded_cost_per_hour as review_cost,
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
        {{ ai_impact.kpi_columns(['calls', 'unpriced_calls', 'compute_cost']) }}
    from call_days
    union all
    select
        charged_on,
        use_case_id,
        team_id,
        {{ ai_impact.kpi_columns(['unpriced_charges', 'tooling_cost']) }}
    from tooling_days
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
        compute_cost + labour_cost + review_cost + tooling_cost as total_cost
    from summed
),

final as (
    select
        *,
        total_cost * total_cost as total_cost_squared,
        total_cost * completed as total_cost_by_completed,
        completed * completed as completed_squared,
        1 as days
    from totalled
)

select * from final
