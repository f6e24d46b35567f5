with versions as (
    {{ ai_impact.state_versions(ref('ai_impact', 'base_opportunities'), 'opportunities') }}
),

staged as (
    select
        *,
        {{ ai_impact.deal_status('stage') }} as deal_status
    from versions
    where is_current and not coalesce(is_deleted, false)
),

-- What the row does not say of its end, its stage may.
reported as (
    select
        *,
        coalesce(is_closed, case when is_won or deal_status in ('won', 'lost', 'closed') then true end) as has_closed
    from staged
),

final as (
    select
        event_key,
        opportunity_id,
        account_id,
        amount,
        currency,
        -- A deal that is closed at the rate of that day, an open one at that of its creation.
        {{ ai_impact.in_reporting_currency(
            'amount', 'currency', 'coalesce(case when coalesce(has_closed, true) then closed_at end, created_at)'
        ) }} as amount_reported,
        stage,
        created_at,
        -- Of an open deal it is the day on which it is expected to close.
        case when coalesce(has_closed, true) then closed_at end as closed_at,
        has_closed as is_closed,
        coalesce(is_won, case when has_closed then case deal_status when 'won' then true when 'lost' then false end end)
            as is_won,
        owner_id,
        updated_at,
        received_at,
        is_late,
        has_newer_in_quarantine
    from reported
)

select * from final
