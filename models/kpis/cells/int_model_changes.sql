{#- When a new model version first answered most of a use case's tasks of a day, and how tasks failed with it and with
    the one before. The version is response_model: what answered, not what was asked for. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and execution_mode in ('ai_assisted', 'ai_autonomous')
),

calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where response_model is not null
),

answered as (
    select
        {{ ai_impact.mapped('tasks.use_case_id') }} as use_case_id,
        {{ ai_impact.mapped('tasks.team_id') }} as team_id,
        calls.response_model,
        cast(tasks.completed_at as date) as completed_on,
        case when tasks.error_count > 0 or tasks.rework_count > 0 then 1 else 0 end as failed
    from tasks
    inner join calls on tasks.task_id = calls.task_id
),

daily as (
    select
        use_case_id,
        response_model,
        completed_on,
        row_number() over (partition by use_case_id, completed_on order by count(*) desc, response_model) as place
    from answered
    group by use_case_id, response_model, completed_on
),

takeovers as (
    select
        use_case_id,
        response_model,
        min(completed_on) as took_over_on
    from daily
    where place = 1
    group by use_case_id, response_model
),

sequenced as (
    select
        *,
        lag(response_model) over (partition by use_case_id order by took_over_on, response_model) as previous_model
    from takeovers
),

rates as (
    select
        use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        response_model,
        count(*) as tasks,
        avg(cast(failed as {{ ai_impact.physical_type('double') }})) as failure_rate
    from answered
    group by grouping sets ((use_case_id, response_model, team_id), (use_case_id, response_model))
),

final as (
    select
        sequenced.use_case_id,
        after.team_id,
        sequenced.took_over_on,
        sequenced.previous_model,
        sequenced.response_model,
        before.tasks as tasks_before,
        after.tasks as tasks_after,
        before.failure_rate as failure_rate_before,
        after.failure_rate as failure_rate_after
    from sequenced
    inner join rates as after
        on sequenced.use_case_id = after.use_case_id and sequenced.response_model = after.response_model
    inner join rates as before
        on
            sequenced.use_case_id = before.use_case_id
            and sequenced.previous_model = before.response_model
            and after.team_id = before.team_id
)

select * from final
