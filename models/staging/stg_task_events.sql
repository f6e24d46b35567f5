with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        event_type,
        task_id,
        use_case_id,
        actor_id,
        actor_kind,
        team_id,
        subject_type,
        subject_id,
        execution_mode,
        is_eligible,
        complexity,
        human_minutes,
        baseline_minutes,
        baseline_source,
        is_late
    from {{ ref('ai_impact', 'base_task_events') }}
    where row_status = 'accepted'
)

select * from final
