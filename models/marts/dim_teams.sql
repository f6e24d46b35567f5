with rates as (
    select * from {{ ref('ai_impact', 'labor_rates') }}
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

worked as (
    select
        {{ ai_impact.mapped('team_id') }} as team_id,
        min(first_occurred_at) as first_task_at,
        max(last_occurred_at) as last_task_at
    from tasks
    group by 1
),

paid as (
    select
        team_id,
        {{ ai_impact.latest('headcount_fte', ['month']) }} as headcount_fte,
        max(month) as headcount_month
    from rates
    group by team_id
),

final as (
    select
        coalesce(worked.team_id, paid.team_id) as team_id,
        paid.headcount_fte,
        cast(paid.headcount_month as date) as headcount_month,
        worked.first_task_at,
        worked.last_task_at
    from worked
    full outer join paid on worked.team_id = paid.team_id
)

select * from final
