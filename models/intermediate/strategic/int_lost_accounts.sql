{#- Each account that left, when it first did, and what it had bought in the year before. That is NULL, not less, where
    the amount of one of its deals is not known, or no deal of anybody. -#}
with outcomes as (
    select * from {{ ref('ai_impact', 'stg_outcome_events') }}
    where
        unit_type in ({{ ai_impact.quoted(ai_impact.same_kind('account')) }})
        and {{ ai_impact.plain_word('name', []) }} = 'churned'
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

deals as (
    select
        *,
        case
            when amount is null then 'A deal of theirs has no amount.'
            else 'The currency of a deal of theirs {{ ai_impact.has_no_rate() }}.'
        end as amount_problem
    from {{ ref('ai_impact', 'int_opportunities') }}
    where is_won and closed_at is not null
),

sold as (
    select count(*) as n_deals from deals
),

churned as (
    select
        coalesce(known_ids.known_as, outcomes.unit_id) as account_id,
        min(outcomes.occurred_at) as churned_at
    from outcomes
    left join known_ids on outcomes.unit_type = known_ids.id_type and outcomes.unit_id = known_ids.id
    group by coalesce(known_ids.known_as, outcomes.unit_id)
),

final as (
    select
        churned.account_id,
        churned.churned_at,
        cast(case
            when max(sold.n_deals) > 0 and count(deals.event_key) = count(deals.amount_reported)
                then coalesce({{ ai_impact.exact_sum('deals.amount_reported') }}, 0)
        end as {{ ai_impact.physical_type('double') }}) as amount,
        case
            when max(sold.n_deals) = 0 then 'There is no won deal.'
            else max(case when deals.amount_reported is null then deals.amount_problem end)
        end as problem
    from churned
    cross join sold
    left join deals
        on
            churned.account_id = deals.account_id
            and deals.closed_at < churned.churned_at
            and deals.closed_at >= {{ ai_impact.add_time('day', -365, 'churned.churned_at') }}
    group by churned.account_id, churned.churned_at
)

select * from final
