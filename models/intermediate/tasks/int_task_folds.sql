{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='task_key',
    on_schema_change='fail'
) }}

{#- The rows that may have changed the verdict on an event: any but an exact copy, which never changes a task. -#}
with received as (
    select * from {{ ref('base_task_events') }}
    where
        row_status <> 'duplicate'
        and task_id is not null
        and received_at is not null
),

affected_tasks as (
    select task_id, max(received_at) as last_received_at
    from received
    {% if is_incremental() %}
    where task_id in (select r.task_id from received as r where {{ ai_impact.changed_since_last_run('r') }})
    {% endif %}
    group by task_id
),

events as (
    select
        *,
        {{ ai_impact.event_order('occurred_at', 'event_key') }} as event_order,
        event_type in ('review_started', 'review_completed') as is_review
    from received
    where
        row_status = 'accepted'
        {% if is_incremental() %}
        and task_id in (select task_id from affected_tasks)
        {% endif %}
),

folded as (
    select
        task_id,
        {{ ai_impact.latest('use_case_id', ['event_order']) }} as use_case_id,
        {{ ai_impact.latest('team_id', ['event_order']) }} as team_id,
        {{ ai_impact.latest("case when actor_kind = 'human' and event_type = 'completed' then actor_id end", ['event_order']) }} as completed_by,
        {{ ai_impact.latest("case when actor_kind = 'human' and not is_review then actor_id end", ['event_order']) }} as last_human,
        {{ ai_impact.latest('case when subject_id is not null then subject_type end', ['event_order']) }} as subject_type,
        {{ ai_impact.latest('subject_id', ['event_order']) }} as subject_id,
        {{ ai_impact.latest("case when event_type = 'completed' then execution_mode end", ['event_order']) }} as completed_mode,
        {{ ai_impact.latest('execution_mode', ['event_order']) }} as last_mode,
        {{ ai_impact.latest('is_eligible', ['event_order']) }} as is_eligible,
        {{ ai_impact.latest('complexity', ['event_order']) }} as complexity,
        {{ ai_impact.latest('baseline_minutes', ['event_order']) }} as baseline_minutes,
        {{ ai_impact.latest('case when baseline_minutes is not null then baseline_source end', ['event_order']) }} as baseline_source,
        min(occurred_at) filter (where event_type = 'created') as created_at,
        min(occurred_at) filter (where event_type = 'started') as started_at,
        max(occurred_at) filter (where event_type = 'completed') as completed_at,
        max(occurred_at) filter (where event_type = 'failed') as failed_at,
        max(occurred_at) filter (where event_type = 'cancelled') as cancelled_at,
        {{ ai_impact.exact_sum('human_minutes', 'not is_review') }} as human_minutes,
        {{ ai_impact.exact_sum('human_minutes', 'is_review') }} as review_minutes,
        count(*) filter (where event_type = 'error_found') as error_count,
        count(*) filter (where event_type = 'rework_requested') as rework_count,
        count(*) as event_count,
        min(occurred_at) as first_occurred_at
    from events
    group by task_id
),

final as (
    -- A task whose last accepted event is gone stays as an empty row: an incremental run has no other way to forget it.
    select
        {{ ai_impact.hash_key(['affected_tasks.task_id']) }} as task_key,
        affected_tasks.task_id,
        folded.use_case_id,
        folded.team_id,
        coalesce(folded.completed_by, folded.last_human) as worker_id,
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
        affected_tasks.last_received_at
    from affected_tasks
    left join folded on affected_tasks.task_id = folded.task_id
)

select * from final
