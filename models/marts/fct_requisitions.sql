with requisitions as (
    select * from {{ ref('ai_impact', 'stg_requisitions') }}
),

final as (
    select
        event_key as requisition_key,
        requisition_id,
        team_id,
        opened_at,
        filled_at,
        started_at,
        is_ai_screened,
        status,
        {{ ai_impact.hours_between('opened_at', 'filled_at') }} / 24 as days_to_fill,
        has_newer_in_quarantine
    from requisitions
)

select * from final
