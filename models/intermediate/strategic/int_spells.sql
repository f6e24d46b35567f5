{#- How long something took, or has lasted until now: deals from creation to close, openings from opening to
    filling, hires from their start to their leaving. What has not ended is censored at the end of the data, not
    left out. -#}
{%- set double = ai_impact.physical_type('double') -%}
with deals as (
    select * from {{ ref('ai_impact', 'int_opportunities') }}
    where created_at is not null and (not is_closed or closed_at is not null)
),

requisitions as (
    select
        *,
        {{ ai_impact.opening_status('status') }} as stands
    from {{ ref('ai_impact', 'stg_requisitions') }}
    where opened_at is not null
),

versions as (
    select
        requisition_id,
        updated_at,
        retained_days,
        coalesce({{ ai_impact.opening_status('status') }}, 'open') as stands
    from {{ ref('ai_impact', 'base_requisitions') }}
    where row_status = 'accepted'
),

observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
),

followed as (
    select
        *,
        lag(stands) over (partition by requisition_id order by updated_at) as stood
    from versions
),

-- Since when an opening has stood as it does: a later version that says the same again moves nothing.
turned as (
    select
        *,
        max(case when stood is null or stood <> stands then updated_at end) over (partition by requisition_id) as since
    from followed
),

standing as (
    select
        requisition_id,
        since,
        min(case when updated_at >= since then retained_days end) as first_retained_days,
        min(case when stands in ('filled', 'left') then updated_at end) as filled_since
    from turned
    group by requisition_id, since
),

openings as (
    select
        requisitions.*,
        standing.since,
        coalesce(standing.first_retained_days, requisitions.retained_days) as first_retained_days,
        -- One that is filled without a date was so by the first version that says it.
        coalesce(
            requisitions.filled_at, case when requisitions.stands in ('filled', 'left') then standing.filled_since end
        ) as ended_at
    from requisitions
    inner join standing on requisitions.requisition_id = standing.requisition_id
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
        openings.opened_at,
        openings.ended_at,
        -- An opening that was withdrawn is not watched any longer.
        case
            when openings.stands = 'withdrawn' then {{ ai_impact.least(['openings.since', 'observed.observed_until']) }}
            else observed.observed_until
        end
    from openings
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
        cast(case when stands = 'left' then first_retained_days else retained_days end as {{ double }}),
        case when stands = 'left' then 1 else 0 end
    from openings
    where filled_at is not null and retained_days is not null
)

select * from final
