with responses as (
    select * from {{ ref('stg_survey_responses') }}
),

segments as (
    select * from {{ ref('int_account_segments') }}
),

final as (
    select
        responses.event_key as response_key,
        responses.source,
        responses.occurred_at,
        responses.instrument,
        responses.account_id,
        coalesce(segments.segment, {{ ai_impact.unmapped() }}) as segment,
        responses.score,
        responses.scale_min,
        responses.scale_max,
        {{ ai_impact.safe_divide(
            'responses.score - responses.scale_min', 'responses.scale_max - responses.scale_min'
        ) }} as score_share
    from responses
    left join segments on responses.account_id = segments.account_id
)

select * from final
