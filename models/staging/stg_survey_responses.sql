with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        instrument,
        respondent_hash,
        account_id,
        score,
        scale_min,
        scale_max,
        is_late
    from {{ ref('ai_impact', 'base_survey_responses') }}
    where row_status = 'accepted'
)

select * from final
