{#- Each closed deal, whether an AI decision about its account came before (NULL where it names no account), and why its
    revenue is not known. -#}
with deals as (
    select * from {{ ref('ai_impact', 'int_opportunities') }}
    where is_closed and closed_at is not null
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where account_id is not null and ai_recommendation is not null and proposed_at is not null
),

influenced as (
    select distinct deals.event_key
    from deals
    inner join decisions on deals.account_id = decisions.account_id
    where
        decisions.proposed_at < deals.closed_at
        and decisions.proposed_at
        >= {{ ai_impact.add_time('day', -var('influence_lookback_days'), 'deals.created_at') }}
),

final as (
    select
        deals.event_key,
        deals.person_id,
        cast(deals.closed_at as date) as closed_on,
        case
            when deals.account_id is not null or influenced.event_key is not null
                then influenced.event_key is not null
        end as is_influenced,
        cast(
            case when deals.is_won then deals.amount_reported when not deals.is_won then 0 end
            as {{ ai_impact.physical_type('double') }}
        ) as revenue,
        case
            when deals.is_won is null or (deals.is_won and deals.amount_reported is null)
                then coalesce(deals.problem, 'It has no amount.')
        end as problem
    from deals
    left join influenced on deals.event_key = influenced.event_key
)

select * from final
