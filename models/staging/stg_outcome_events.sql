with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        unit_type,
        unit_id,
        name,
        value,
        currency,
        {{ ai_impact.in_reporting_currency('value', 'currency', 'occurred_at') }} as value_reported,
        is_late
    from {{ ref('ai_impact', 'base_outcome_events') }}
    where row_status = 'accepted'
)

select * from final
