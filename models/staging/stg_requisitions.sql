with versions as (
    {{ ai_impact.state_versions(ref('ai_impact', 'base_requisitions'), 'requisitions') }}
),

final as (
    select
        event_key,
        requisition_id,
        team_id,
        opened_at,
        filled_at,
        started_at,
        is_ai_screened,
        interviewer_rating,
        performance_rating,
        retained_days,
        status,
        updated_at,
        received_at,
        is_late,
        has_newer_in_quarantine
    from versions
    where is_current and not coalesce(is_deleted, false)
)

select * from final
