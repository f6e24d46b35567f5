with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

accounts as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where entity_kind = 'account'
),

final as (
    select
        tasks.task_key,
        tasks.task_id,
        tasks.use_case_id,
        tasks.team_id,
        tasks.subject_type,
        {{ ai_impact.shown_subject('tasks.subject_type', 'coalesce(accounts.known_as, tasks.subject_id)') }}
            as subject_id,
        tasks.execution_mode,
        tasks.is_eligible,
        tasks.complexity,
        tasks.created_at,
        tasks.started_at,
        tasks.completed_at,
        tasks.failed_at,
        tasks.cancelled_at,
        tasks.is_completed,
        tasks.cycle_hours,
        tasks.lead_hours,
        tasks.human_minutes,
        tasks.review_minutes,
        tasks.baseline_minutes,
        tasks.baseline_source,
        tasks.error_count,
        tasks.rework_count,
        tasks.event_count,
        tasks.last_received_at
    from tasks
    left join accounts on tasks.subject_type = accounts.id_type and tasks.subject_id = accounts.id
)

select * from final
