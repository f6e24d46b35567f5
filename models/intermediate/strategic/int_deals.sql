{#- One row a deal, in the reporting currency where there is a rate, with what keeps it from counting. -#}
with opportunities as (
    select * from {{ ref('stg_opportunities') }}
),

people as (
    select * from {{ ref('int_identities') }}
    where id_type = 'person'
),

segments as (
    select * from {{ ref('int_account_segments') }}
),

final as (
    select
        opportunities.event_key,
        opportunities.opportunity_id,
        opportunities.account_id,
        segments.segment,
        case
            when opportunities.owner_id is not null
                then coalesce(people.entity_id, {{ ai_impact.entity_id("'person'", 'opportunities.owner_id') }})
        end as person_id,
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
            when opportunities.is_closed and opportunities.closed_at is null then 'It is closed, but has no closed_at.'
            when opportunities.is_closed and opportunities.is_won is null then 'It is closed, but neither won nor lost.'
            when opportunities.amount is not null and opportunities.amount_reported is null
                then 'Its currency {{ ai_impact.has_no_rate() }}.'
        end as problem,
        opportunities.has_newer_in_quarantine
    from opportunities
    left join people on opportunities.owner_id = people.id
    left join segments on opportunities.account_id = segments.account_id
)

select * from final
