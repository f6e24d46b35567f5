with touches as (
    select * from {{ ref('ai_impact', 'stg_touches') }}
),

final as (
    select
        event_key as touch_key,
        source,
        occurred_at,
        received_at,
        channel,
        campaign,
        cost_amount,
        cost_amount_reported,
        is_ai_generated,
        use_case_id
    from touches
)

select * from final
