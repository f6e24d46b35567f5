{#- The calls whose cost no completed task carries: of tasks that never ended well (yet), and of no task at all. -#}
{{ config(materialized=ai_impact.heavy_view()) }}
with calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
),

task_calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where last_called_at is not null
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

unattached as (
    select
        cast(task_calls.last_called_at as date) as called_on,
        tasks.use_case_id,
        tasks.team_id,
        task_calls.call_count,
        task_calls.unpriced_call_count,
        task_calls.compute_cost
    from task_calls
    left join tasks on task_calls.task_id = tasks.task_id
    where not coalesce(tasks.is_completed, false)
    union all
    select
        cast(occurred_at as date) as called_on,
        use_case_id,
        null as team_id,
        1 as call_count,
        case when cost_amount_reported is null then 1 else 0 end as unpriced_call_count,
        cost_amount_reported as compute_cost
    from calls
    where task_id is null and is_cost_counted
),

final as (
    select
        called_on,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        {{ ai_impact.mapped('team_id') }} as team_id,
        cast(sum(call_count) as bigint) as calls,
        cast(sum(unpriced_call_count) as bigint) as unpriced_calls,
        {{ ai_impact.exact_sum('compute_cost') }} as compute_cost
    from unattached
    group by 1, 2, 3
)

select * from final
