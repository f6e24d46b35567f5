with accepted as (
    select
        *,
        {{ ai_impact.is_latest(['opportunity_id'], ['updated_at', 'received_at', 'event_key']) }} as is_latest
    from {{ ref('base_opportunities') }}
    where row_status = 'accepted'
),

final as (
    select
        event_key,
        opportunity_id,
        account_id,
        amount,
        currency,
        -- A deal that is closed at the rate of that day, an open one at that of its creation.
        {{ ai_impact.in_reporting_currency('amount', 'currency', 'coalesce(closed_at, created_at)') }} as amount_reported,
        stage,
        created_at,
        closed_at,
        is_closed,
        is_won,
        owner_id,
        updated_at,
        received_at,
        is_late
    from accepted
    where
        is_latest
        and not coalesce(is_deleted, false)
)

select * from final
