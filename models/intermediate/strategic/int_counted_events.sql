{#- Events that are counted or added up per 30 days. Money of an event that is not known is NULL, not 0. -#}
{{ config(materialized=ai_impact.plain_view()) }}
{%- set double = ai_impact.physical_type('double') -%}
with incidents as (
    select * from {{ ref('stg_incidents') }}
    where opened_at is not null and not coalesce(is_false_positive, false)
),

outcomes as (
    select * from {{ ref('stg_outcome_events') }}
),

deals as (
    select * from {{ ref('int_deals') }}
    where is_won and amount_reported is not null
),

churned as (
    select
        unit_id as account_id,
        min(occurred_at) as churned_at
    from outcomes
    where unit_type = 'account' and name = 'churned'
    group by unit_id
),

lost as (
    select
        churned.account_id,
        churned.churned_at,
        coalesce({{ ai_impact.exact_sum('deals.amount_reported') }}, 0) as amount
    from churned
    left join deals
        on
            churned.account_id = deals.account_id
            and deals.closed_at < churned.churned_at
            and deals.closed_at >= {{ ai_impact.add_time('day', -365, 'churned.churned_at') }}
    group by churned.account_id, churned.churned_at
),

final as (
    select
        'incidents_per_engineer' as kpi_id,
        'engineers' as exposure,
        cast(opened_at as date) as observed_on,
        cast(1 as {{ double }}) as amount
    from incidents
    union all
    select
        'outage_cost',
        'days',
        cast(opened_at as date),
        cast(cost_amount as {{ double }})
    from incidents
    union all
    select
        case name when 'playbook_created' then 'playbooks_created' else 'incidents_prevented' end,
        'days',
        cast(occurred_at as date),
        cast(1 as {{ double }})
    from outcomes
    where name in ('playbook_created', 'incident_prevented')
    union all
    select
        'churn_rate',
        'accounts',
        cast(churned_at as date),
        cast(1 as {{ double }})
    from churned
    union all
    select
        'churned_revenue',
        'days',
        cast(churned_at as date),
        cast(amount as {{ double }})
    from lost
)

select * from final
