{#- Hours from the failure of a deployment to its recovery, on the day it failed. A deployment that failed twice
    counts once, from its first failure to its last recovery. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with outcomes as (
    select
        unit_id,
        occurred_at,
        {{ ai_impact.plain_word('name', []) }} as name
    from {{ ref('ai_impact', 'stg_outcome_events') }}
    where unit_type = 'deployment'
),

deployments as (
    select
        unit_id,
        min(case when name = 'deployment_failed' then occurred_at end) as failed_at,
        max(case when name = 'deployment_recovered' then occurred_at end) as recovered_at,
        max(case when name = 'deployment_failed' then occurred_at end) as last_failed_at
    from outcomes
    group by unit_id
),

final as (
    select
        'failed_deployment_recovery_hours' as kpi_id,
        'mean' as kind,
        1 as scale,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        cast(failed_at as date) as observed_on,
        cast(null as {{ dbt.type_string() }}) as person_id,
        case
            when recovered_at >= last_failed_at then {{ ai_impact.hours_between('failed_at', 'recovered_at') }}
        end as numerator,
        cast(1 as {{ ai_impact.physical_type('double') }}) as denominator,
        case
            when recovered_at is null then 'It has not recovered yet.'
            when recovered_at < last_failed_at then 'Its last recovery lies before its last failure.'
        end as problem
    from deployments
    where failed_at is not null
)

select * from final
