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

lost as (
    select * from {{ ref('int_lost_accounts') }}
),

final as (
    select
        'incidents_per_engineer' as kpi_id,
        'engineers' as exposure,
        cast(opened_at as date) as observed_on,
        cast(1 as {{ double }}) as amount,
        cast(null as {{ dbt.type_string() }}) as problem
    from incidents
    union all
    select
        'outage_cost',
        'days',
        cast(opened_at as date),
        cost_amount_reported,
        'What they cost is not known.'
    from incidents
    union all
    select
        case name when 'playbook_created' then 'playbooks_created' else 'incidents_prevented' end,
        'days',
        cast(occurred_at as date),
        cast(1 as {{ double }}),
        cast(null as {{ dbt.type_string() }})
    from outcomes
    where name in ('playbook_created', 'incident_prevented')
    union all
    select
        'churn_rate',
        'accounts',
        cast(churned_at as date),
        cast(1 as {{ double }}),
        cast(null as {{ dbt.type_string() }})
    from lost
    union all
    select
        'churned_revenue',
        'days',
        cast(churned_at as date),
        amount,
        problem
    from lost
)

select * from final
