with responses as (
    select * from {{ ref('ai_impact', 'stg_survey_responses') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_account_segments') }}
),

accounts as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where id_type = 'account'
),

final as (
    select
        responses.event_key as response_key,
        responses.source,
        responses.occurred_at,
        responses.instrument,
        coalesce(accounts.known_as, responses.account_id) as account_id,
        coalesce(segments.segment, {{ ai_impact.unmapped() }}) as segment,
        responses.score,
        responses.scale_min,
        responses.scale_max,
        {{ ai_impact.safe_divide(
            'responses.score - responses.scale_min', 'responses.scale_max - responses.scale_min'
        ) }} as score_share
    from responses
    left join accounts on responses.account_id = accounts.id
    left join segments on coalesce(accounts.known_as, responses.account_id) = segments.account_id
)

select * from final
