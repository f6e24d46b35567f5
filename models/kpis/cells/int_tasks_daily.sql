{#- All that the execution KPIs add up, by day of completion, use case and team: their sums and, for intervals, sums
    of squares. -#}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed
),

calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where last_called_at is not null
),

assumptions as (
    select * from {{ ref('ai_impact', 'roi_assumptions') }}
    where name = 'recapture_rate'
),

measured as (
    select
        tasks.*,
        cast(tasks.completed_at as date) as completed_on,
        {{ ai_impact.mapped('tasks.use_case_id') }} as use_case,
        {{ ai_impact.mapped('tasks.team_id') }} as team,
        tasks.human_minutes / 60.0 as human_hours,
        coalesce(tasks.execution_mode in ('ai_assisted', 'ai_autonomous'), false) as is_ai,
        coalesce(tasks.execution_mode = 'ai_autonomous', false) as is_autonomous,
        calls.call_count,
        calls.unpriced_call_count,
        calls.compute_cost,
        assumptions.base as recapture_rate
    from tasks
    left join calls on tasks.task_id = calls.task_id
    left join assumptions on tasks.use_case_id = assumptions.use_case_id
),

saved as (
    -- Only what was measured before counts; work that AI did alone took no human minutes unless somebody says so.
    select
        *,
        case
            when is_ai and baseline_source = 'measured' and (human_minutes is not null or is_autonomous)
                then (baseline_minutes - coalesce(human_minutes, 0) - coalesce(review_minutes, 0)) / 60.0
        end as saved_hours,
        -- How much of the task's own cost is known: none without its minutes, or without any call that has a cost; else
        -- the calls that have one, at whose mean the others count.
        case
            when human_minutes is null and not is_autonomous then 0
            when coalesce(call_count, 0) = 0 then case when is_ai then 0 else 1 end
            else (call_count - unpriced_call_count) * 1e0 / call_count
        end as costed_share
    from measured
),

final as (
    select
        completed_on,
        use_case as use_case_id,
        team as team_id,
        count(*) as completed,
        count(case when is_ai then 1 end) as ai_tasks,
        count(case when human_hours > 0 then 1 end) as timed_tasks,
        {{ ai_impact.exact_sum('human_hours', 'human_hours > 0') }} as timed_hours,
        {{ ai_impact.exact_sum('human_hours * human_hours', 'human_hours > 0') }} as timed_hours_squared,
        count(case when human_hours is null and not is_autonomous then 1 end) as untimed_tasks,
        {{ ai_impact.exact_sum('review_minutes / 60.0') }} as review_hours,
        count(case when is_eligible then 1 end) as eligible_tasks,
        count(case when is_eligible and is_ai then 1 end) as eligible_ai_tasks,
        count(case when is_eligible and is_autonomous then 1 end) as automated_tasks,
        cast(sum(error_count) as bigint) as errors,
        count(case when rework_count > 0 then 1 end) as reworked_tasks,
        count(case when saved_hours is not null then 1 end) as saved_tasks,
        count(case when saved_hours is not null and recapture_rate is null then 1 end) as saved_tasks_without_rate,
        {{ ai_impact.exact_sum('saved_hours * recapture_rate') }} as recaptured_hours,
        {{ ai_impact.exact_sum('saved_hours * recapture_rate * saved_hours * recapture_rate') }}
            as recaptured_hours_squared,
        coalesce(cast(sum(call_count) as bigint), 0) as calls,
        coalesce(cast(sum(unpriced_call_count) as bigint), 0) as unpriced_calls,
        count(case when is_ai and coalesce(call_count, 0) = 0 then 1 end) as ai_tasks_without_calls,
        {{ ai_impact.exact_sum('compute_cost') }} as compute_cost,
        count(case when costed_share > 0 then 1 end) as costed_tasks,
        {{ ai_impact.exact_sum('costed_share') }} as costed_share,
        {{ ai_impact.exact_sum('human_hours', 'costed_share > 0') }} as costed_hours,
        {{ ai_impact.exact_sum('review_minutes / 60.0', 'costed_share > 0') }} as costed_review_hours,
        {{ ai_impact.exact_sum('compute_cost / costed_share', 'costed_share > 0') }} as costed_compute,
        -- Of what is not added up: durations are sorted, and people counted.
        {{ ai_impact.input_hash(['cycle_hours', 'person_id', 'is_ai']) }} as task_hash
    from saved
    group by completed_on, use_case, team
)

select * from final
