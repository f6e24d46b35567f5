{{ config(
    materialized='incremental',
    incremental_strategy=ai_impact.replacing_strategy(),
    unique_key='task_key',
    on_schema_change='fail'
) }}

with received as (
    -- All but exact copies: these never change a task.
    select * from {{ ref('ai_impact', 'base_task_events') }}
    where
        row_status <> 'duplicate'
        and task_id is not null
        and received_at >= {{ ai_impact.first_possible_time() }}
),

{% if is_incremental() -%}
affected_tasks as (
    select distinct task_id from received
    where {{ ai_impact.changed_since_last_run('received') }}
),

{% endif -%}
whole_tasks as (
    select * from received
    {% if is_incremental() %}
    where task_id in (select affected_tasks.task_id from affected_tasks)
    {% endif %}
),

events as (
    select
        *,
        {{ ai_impact.event_order('occurred_at', 'event_key') }} as event_order,
        event_type in ('review_started', 'review_completed') as is_review,
        -- Who creates a task, cancels it, reviews it, finds its errors or asks for rework has not worked on it.
        event_type in ('started', 'completed', 'failed', 'rework_completed') as is_work
    from whole_tasks
    where row_status = 'accepted'
),

{% set by = ['event_order'] -%}
folded as (
    select
        task_id,
        {{ ai_impact.latest('use_case_id', by) }} as use_case_id,
        {{ ai_impact.latest('team_id', by) }} as team_id,
        {{ ai_impact.latest("case when actor_kind = 'human' and event_type = 'completed' then actor_id end", by) }}
            as completed_by,
        {{ ai_impact.latest("case when actor_kind = 'human' and is_work then actor_id end", by) }} as last_worker,
        {{ ai_impact.latest('case when subject_id is not null then subject_type end', by) }} as subject_type,
        {{ ai_impact.latest('subject_id', by) }} as subject_id,
        {{ ai_impact.latest("case when event_type = 'completed' then execution_mode end", by) }} as completed_mode,
        {{ ai_impact.latest('execution_mode', by) }} as last_mode,
        {{ ai_impact.latest('is_eligible', by) }} as is_eligible,
        {{ ai_impact.latest('complexity', by) }} as complexity,
        {{ ai_impact.latest('baseline_minutes', by) }} as baseline_minutes,
        {{ ai_impact.latest('case when baseline_minutes is not null then baseline_source end', by) }}
            as baseline_source,
        min(case when event_type = 'created' then occurred_at end) as created_at,
        min(case when event_type = 'started' then occurred_at end) as started_at,
        max(case when event_type = 'completed' then occurred_at end) as completed_at,
        max(case when event_type = 'failed' then occurred_at end) as failed_at,
        max(case when event_type = 'cancelled' then occurred_at end) as cancelled_at,
        {{ ai_impact.exact_sum('human_minutes', 'not is_review') }} as human_minutes,
        {{ ai_impact.exact_sum('human_minutes', 'is_review') }} as review_minutes,
        count(case when event_type = 'error_found' then 1 end) as error_count,
        count(case when event_type = 'rework_requested' then 1 end) as rework_count,
        count(*) as event_count,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at,
        max(received_at) as last_received_at
    from events
    group by task_id
),

-- A task whose last accepted event is gone stays as an empty row: an incremental run has no other way to forget it.
empty_tasks as (
    select
        task_id,
        max(received_at) as last_received_at
    from whole_tasks
    where
        row_status <> 'accepted'
        and task_id not in (select folded.task_id from folded)
    group by task_id
),

final as (
    select
        {{ ai_impact.hash_key(['coalesce(folded.task_id, empty_tasks.task_id)']) }} as task_key,
        coalesce(folded.task_id, empty_tasks.task_id) as task_id,
        folded.use_case_id,
        folded.team_id,
        coalesce(folded.completed_by, folded.last_worker) as worker_id,
        folded.subject_type,
        folded.subject_id,
        coalesce(folded.completed_mode, folded.last_mode) as execution_mode,
        folded.is_eligible,
        folded.complexity,
        folded.created_at,
        folded.started_at,
        folded.completed_at,
        folded.failed_at,
        folded.cancelled_at,
        folded.human_minutes,
        folded.review_minutes,
        folded.baseline_minutes,
        folded.baseline_source,
        coalesce(folded.error_count, 0) as error_count,
        coalesce(folded.rework_count, 0) as rework_count,
        coalesce(folded.event_count, 0) as event_count,
        folded.first_occurred_at,
        folded.last_occurred_at,
        coalesce(folded.last_received_at, empty_tasks.last_received_at) as last_received_at
    from folded
    full outer join empty_tasks on folded.task_id = empty_tasks.task_id
)

select * from final
