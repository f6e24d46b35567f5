with accepted as (
    select
        *,
        {{ ai_impact.is_latest(['unit_type', 'unit_id', 'name'], ['updated_at', 'received_at', 'event_key']) }}
            as is_latest
    from {{ ref('base_unit_covariates') }}
    where row_status = 'accepted'
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
        is_late
    from accepted
    where
        is_latest
        and not coalesce(is_deleted, false)
)

select * from final
