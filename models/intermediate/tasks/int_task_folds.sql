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
        event_type in ('review_started', 'review_completed') as is_review
    from whole_tasks
    where row_status = 'accepted'
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
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at,
        max(received_at) as last_received_at
    from events
    group by task_id
),

-- A task whose last accepted event is gone stays as an empty row: an incremental run has no other way to forget it.
empty_tasks as (
    select task_id, max(received_at) as last_received_at from whole_tasks
    where
        row_status <> 'accepted'
        and task_id not in (select folded.task_id from folded)
    group by task_id
),

final as (
    select
        {{ ai_impact.hash_key(['task_id']) }} as task_key,
        task_id,
        use_case_id,
        team_id,
        coalesce(completed_by, last_human) as worker_id,
        subject_type,
        subject_id,
        coalesce(completed_mode, last_mode) as execution_mode,
        is_eligible,
        complexity,
        created_at,
        started_at,
        completed_at,
        failed_at,
        cancelled_at,
        human_minutes,
        review_minutes,
        baseline_minutes,
        baseline_source,
        error_count,
        rework_count,
        event_count,
        first_occurred_at,
        last_occurred_at,
        last_received_at
    from folded
    union all
    select
        {{ ai_impact.hash_key(['task_id']) }}, task_id, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null, 0, 0, 0, null, null, last_received_at
    from empty_tasks
)

select * from final
