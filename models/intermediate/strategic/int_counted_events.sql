{#- Events that are counted or added up per 30 days, and the month since which their source has had any row: before it,
    nobody looked. What is not known of an event, as its money, is NULL, not 0. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
{%- set double = ai_impact.physical_type('double') -%}
with all_incidents as (
    select
        *,
        {{ ai_impact.month_of('min(opened_at) over ()') }} as watched_from
    from {{ ref('ai_impact', 'stg_incidents') }}
    where opened_at is not null
),

outcomes as (
    select
        occurred_at,
        {{ ai_impact.plain_word('name', []) }} as name,
        {{ ai_impact.month_of('min(occurred_at) over ()') }} as watched_from
    from {{ ref('ai_impact', 'stg_outcome_events') }}
),

heads as (
    select * from {{ ref('ai_impact', 'labor_rates') }}
    where headcount_fte is not null
),

incidents as (
    select
        all_incidents.opened_at,
        all_incidents.cost_amount_reported,
        all_incidents.watched_from,
        case when heads.team_id is not null then 1 end as staffed
    from all_incidents
    left join heads
        on
            all_incidents.team_id = heads.team_id
            and {{ ai_impact.month_of('all_incidents.opened_at') }} = cast(heads.month as date)
    where not coalesce(all_incidents.is_false_positive, false)
),

watched as (
    select min(watched_from) as watched_from from outcomes
),

lost as (
    select
        lost_accounts.churned_at,
        lost_accounts.amount,
        lost_accounts.problem,
        watched.watched_from
    from {{ ref('ai_impact', 'int_lost_accounts') }} as lost_accounts
    cross join watched
),

final as (
    select
        'incidents_per_engineer' as kpi_id,
        'engineers' as exposure,
        watched_from,
        cast(opened_at as date) as observed_on,
        cast(staffed as {{ double }}) as amount,
        case when staffed is null then 'Their team has no headcount_fte for the month in the seed labor_rates.' end
            as problem
    from incidents
    union all
    select
        'outage_cost',
        'days',
        watched_from,
        cast(opened_at as date),
        cost_amount_reported,
        'Their cost is unknown.'
    from incidents
    union all
    select
        case name when 'playbook_created' then 'playbooks_created' else 'incidents_prevented' end,
        'days',
        watched_from,
        cast(occurred_at as date),
        cast(1 as {{ double }}),
        cast(null as {{ dbt.type_string() }})
    from outcomes
    where name in ('playbook_created', 'incident_prevented')
    union all
    select
        'churn_rate',
        'accounts',
        watched_from,
        cast(churned_at as date),
        cast(1 as {{ double }}),
        cast(null as {{ dbt.type_string() }})
    from lost
    union all
    select
        'churned_revenue',
        'days',
        watched_from,
        cast(churned_at as date),
        amount,
        problem
    from lost
)

select * from final
