with versions as (
    {{ ai_impact.state_versions(ref('ai_impact', 'base_incidents'), 'incidents') }}
),

final as (
    select
        event_key,
        incident_id,
        service_id,
        team_id,
        severity,
        opened_at,
        acknowledged_at,
        resolved_at,
        is_false_positive,
        impact_started_at,
        impact_ended_at,
        cost_amount,
        {{ ai_impact.in_reporting_currency('cost_amount', 'cast(null as ' ~ dbt.type_string() ~ ')', 'opened_at') }}
            as cost_amount_reported,
        updated_at,
        received_at,
        is_late,
        has_newer_in_quarantine
    from versions
    where is_current and not coalesce(is_deleted, false)
)

select * from final
