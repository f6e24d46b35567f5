{#- How long something took, or has lasted until now: deals from creation to close, openings from opening to
    filling, hires from their start to their leaving. What has not ended is censored at the end of the data, not
    left out. -#}
with deals as (
    select * from {{ ref('int_deals') }}
    where created_at is not null and (not is_closed or closed_at is not null)
),

requisitions as (
    select * from {{ ref('stg_requisitions') }}
    where opened_at is not null
),

observed as (
    select * from {{ ref('int_observed_until') }}
),

spells as (
    select
        'days_to_close_p50' as kpi_id,
        deals.person_id,
        deals.created_at as started_at,
        case when deals.is_closed then deals.closed_at end as ended_at,
        observed.observed_until as censored_at
    from deals
    cross join observed
    union all
    select
        'time_to_fill_p50',
        cast(null as {{ dbt.type_string() }}),
        requisitions.opened_at,
        requisitions.filled_at,
        -- An opening that was withdrawn is not watched any longer.
        case
            when requisitions.status in ('cancelled', 'withdrawn')
                then {{ ai_impact.least(['requisitions.updated_at', 'observed.observed_until']) }}
            else observed.observed_until
        end
    from requisitions
    cross join observed
),

timed as (
    select
        kpi_id,
        person_id,
        cast(started_at as date) as started_on,
        {{ ai_impact.hours_between(
            'started_at', 'case when ended_at <= censored_at then ended_at else censored_at end'
        ) }} / 24 as days,
        case when ended_at <= censored_at then 1 else 0 end as has_ended
    from spells
    where started_at < censored_at
),

final as (
    select * from timed
    union all
    select
        'hire_retention_180d',
        requisition_id,
        cast(filled_at as date),
        cast(retained_days as {{ ai_impact.physical_type('double') }}),
        case when status = 'left' then 1 else 0 end
    from requisitions
    where filled_at is not null and retained_days is not null
)

select * from final
