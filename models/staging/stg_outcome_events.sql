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
        is_late
    from {{ ref('base_outcome_events') }}
    where row_status = 'accepted'
)

select * from final
