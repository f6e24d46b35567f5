with incidents as (
    select * from {{ ref('ai_impact', 'stg_incidents') }}
),

final as (
    select
        event_key as incident_key,
        incident_id,
        service_id,
        team_id,
        severity,
        opened_at,
        acknowledged_at,
        resolved_at,
        coalesce(is_false_positive, false) as is_false_positive,
        impact_started_at,
        impact_ended_at,
        cost_amount,
        cost_amount_reported,
        {{ ai_impact.hours_between('opened_at', 'acknowledged_at') }} as hours_to_acknowledge,
        {{ ai_impact.hours_between('opened_at', 'resolved_at') }} as hours_to_resolve,
        has_newer_in_quarantine
    from incidents
)

select * from final
