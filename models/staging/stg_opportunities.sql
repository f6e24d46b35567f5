with versions as (
    {{ ai_impact.state_versions(ref('base_opportunities'), 'opportunities') }}
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
        is_late,
        has_newer_in_quarantine
    from versions
    where is_current and not coalesce(is_deleted, false)
)

select * from final
