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

converted as (
    select
        *,
        {{ ai_impact.in_reporting_currency('amount', 'currency') }} as amount_reported
    from opportunities
),

final as (
    select
        converted.event_key,
        converted.opportunity_id,
        converted.account_id,
        segments.segment,
        case
            when converted.owner_id is not null
                then coalesce(people.entity_id, {{ ai_impact.entity_id("'person'", 'converted.owner_id') }})
        end as person_id,
        converted.amount,
        converted.currency,
        converted.amount_reported,
        converted.stage,
        converted.created_at,
        converted.closed_at,
        coalesce(converted.is_closed, false) as is_closed,
        converted.is_won,
        case
            when converted.is_closed
                then {{ ai_impact.hours_between('converted.created_at', 'converted.closed_at') }} / 24
        end as days_to_close,
        case
            when converted.created_at is null then 'It has no created_at.'
            when converted.is_closed and converted.closed_at is null then 'It is closed, but has no closed_at.'
            when converted.is_closed and converted.is_won is null then 'It is closed, but neither won nor lost.'
            when converted.amount is not null and converted.amount_reported is null
                then 'Its currency has no rate in the var currency_rates.'
        end as problem
    from converted
    left join people on converted.owner_id = people.id
    left join segments on converted.account_id = segments.account_id
)

select * from final
