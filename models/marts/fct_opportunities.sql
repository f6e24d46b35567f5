with deals as (
    select * from {{ ref('ai_impact', 'int_opportunities') }}
),

final as (
    select
        event_key as opportunity_key,
        opportunity_id,
        account_id,
        segment,
        amount,
        currency,
        amount_reported,
        stage,
        created_at,
        closed_at,
        is_closed,
        is_won,
        days_to_close,
        problem,
        has_newer_in_quarantine
    from deals
)

select * from final
