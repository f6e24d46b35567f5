{#- What each answer says: 1 for a promoter, -1 for a detractor; 1 for satisfied. NPS is defined on 0 to 10 only,
    satisfied is the upper quarter of any scale. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with responses as (
    select * from {{ ref('ai_impact', 'stg_survey_responses') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_account_segments') }}
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

final as (
    select
        responses.event_key,
        responses.instrument as kpi_id,
        responses.occurred_at,
        cast(responses.occurred_at as date) as answered_on,
        coalesce(respondents.entity_id, responses.respondent_hash, responses.event_key) as person_id,
        coalesce(accounts.known_as, responses.account_id) as account_id,
        coalesce(segments.segment, {{ ai_impact.unmapped() }}) as segment,
        cast(
            case
                when responses.instrument = 'nps' and responses.scale_min = 0 and responses.scale_max = 10
                    then case when responses.score >= 9 then 1 when responses.score > 6 then 0 else -1 end
                when responses.instrument = 'csat' and responses.scale_max > responses.scale_min
                    then case
                        when
                            responses.score - responses.scale_min
                            >= 0.75 * (responses.scale_max - responses.scale_min)
                            then 1
                        else 0
                    end
            end as {{ ai_impact.physical_type('double') }}
        ) as points
    from responses
    left join known_ids as respondents
        on respondents.id_type = 'respondent' and responses.respondent_hash = respondents.id
    left join known_ids as accounts on accounts.id_type = 'account' and responses.account_id = accounts.id
    left join segments on coalesce(accounts.known_as, responses.account_id) = segments.account_id
)

select * from final
