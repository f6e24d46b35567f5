with accepted as (
    select
        *,
        {{ ai_impact.is_latest(['requisition_id'], ['updated_at', 'received_at', 'event_key']) }} as is_latest
    from {{ ref('base_requisitions') }}
    where row_status = 'accepted'
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
        is_late
    from accepted
    where
        is_latest
        and not coalesce(is_deleted, false)
)

select * from final
