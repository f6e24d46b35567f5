{#- One row per deal, in the reporting currency where there is a rate, with what keeps it from counting. -#}
with opportunities as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_account_segments') }}
),

final as (
    select
        opportunities.event_key,
        opportunities.opportunity_id,
        coalesce(accounts.known_as, opportunities.account_id) as account_id,
        coalesce(segments.segment, {{ ai_impact.unmapped() }}) as segment,
        coalesce(people.entity_id, {{ ai_impact.entity_id("'person'", 'opportunities.owner_id') }}) as person_id,
        opportunities.amount,
        opportunities.currency,
        opportunities.amount_reported,
        opportunities.stage,
        opportunities.created_at,
        opportunities.closed_at,
        coalesce(opportunities.is_closed, false) as is_closed,
        opportunities.is_won,
        case
            when opportunities.is_closed
                then {{ ai_impact.hours_between('opportunities.created_at', 'opportunities.closed_at') }} / 24
        end as days_to_close,
        case
            when opportunities.created_at is null then 'It has no created_at.'
            when opportunities.is_closed is null and opportunities.closed_at is not null
                then 'It has a closed_at, but neither is_closed nor stage says that it is closed.'
            when opportunities.is_closed and opportunities.closed_at is null then 'It is closed, but has no closed_at.'
            when opportunities.is_closed and opportunities.is_won is null then 'It is closed, but neither won nor lost.'
            when opportunities.amount is not null and opportunities.amount_reported is null
                then 'Its currency {{ ai_impact.has_no_rate() }}.'
        end as problem,
        opportunities.has_newer_in_quarantine
    from opportunities
    left join known_ids as people on people.id_type = 'person' and opportunities.owner_id = people.id
    left join known_ids as accounts on accounts.id_type = 'account' and opportunities.account_id = accounts.id
    left join segments on coalesce(accounts.known_as, opportunities.account_id) = segments.account_id
)

select * from final
