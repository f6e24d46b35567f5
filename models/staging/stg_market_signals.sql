with accepted as (
    select
        *,
        {{ ai_impact.is_latest(['series', 'week'], ['occurred_at', 'received_at', 'event_key']) }} as is_latest
    from {{ ref('ai_impact', 'base_market_signals') }}
    where row_status = 'accepted'
),

final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        series,
        week,
        value,
        is_covariate,
        is_late
    from accepted
    where is_latest
)

select * from final
