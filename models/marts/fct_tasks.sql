with tasks as (
    select * from {{ ref('int_tasks') }}
),

final as (
    select
        task_key,
        task_id,
        use_case_id,
        team_id,
        subject_type,
        case when subject_type <> 'person' then subject_id end as subject_id,
        execution_mode,
        is_eligible,
        complexity,
        created_at,
        started_at,
        completed_at,
        failed_at,
        cancelled_at,
        is_completed,
        cycle_hours,
        lead_hours,
        human_minutes,
        review_minutes,
        baseline_minutes,
        baseline_source,
        error_count,
        rework_count,
        event_count,
        last_received_at
    from tasks
)

select * from final
