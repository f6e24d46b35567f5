with versions as (
    {{ ai_impact.state_versions(ref('ai_impact', 'base_unit_covariates'), 'unit_covariates') }}
),

final as (
    select
        event_key,
        unit_type,
        unit_id,
        name,
        value_number,
        value_text,
        observed_at,
        updated_at,
        received_at,
        is_late,
        valid_from,
        valid_to,
        is_current,
        has_newer_in_quarantine
    from versions
    where not coalesce(is_deleted, false)
)

select * from final
