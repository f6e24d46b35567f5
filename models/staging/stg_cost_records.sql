with versions as (
    {{ ai_impact.state_versions(ref('ai_impact', 'base_cost_records'), 'cost_records') }}
),

final as (
    select
        event_key,
        charge_id,
        use_case_id,
        cost_type,
        service_name,
        charge_period_start,
        charge_period_end,
        billed_cost,
        effective_cost,
        billing_currency,
        {{ ai_impact.in_reporting_currency('billed_cost', 'billing_currency', 'charge_period_start') }}
            as billed_cost_reported,
        {{ ai_impact.in_reporting_currency('effective_cost', 'billing_currency', 'charge_period_start') }}
            as effective_cost_reported,
        updated_at,
        received_at,
        is_late,
        has_newer_in_quarantine
    from versions
    where is_current and not coalesce(is_deleted, false)
)

select * from final
