with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        visitor_id,
        channel,
        campaign,
        cost_amount,
        {{ ai_impact.in_reporting_currency('cost_amount', 'cast(null as ' ~ dbt.type_string() ~ ')', 'occurred_at') }}
            as cost_amount_reported,
        is_ai_generated,
        use_case_id,
        is_late
    from {{ ref('ai_impact', 'base_touches') }}
    where row_status = 'accepted'
)

select * from final
