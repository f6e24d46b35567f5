{#- When each service was down: impact intervals that overlap or touch are one outage. An impact without an end is over
    when the incident is resolved; of one that is not resolved it lasts until the end of the data, and is counted as
    such. False alarms took nothing down. -#}
{%- set in_order = 'partition by service_id order by started_at, ended_at' -%}
with observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
),

intervals as (
    select
        {{ ai_impact.mapped('incidents.service_id') }} as service_id,
        incidents.impact_started_at as started_at,
        coalesce(incidents.impact_ended_at, incidents.resolved_at, observed.observed_until) as ended_at,
        case when coalesce(incidents.impact_ended_at, incidents.resolved_at) is null then 1 else 0 end as is_unended
    from {{ ref('ai_impact', 'stg_incidents') }} as incidents
    cross join observed
    where incidents.impact_started_at is not null and not coalesce(incidents.is_false_positive, false)
),

reached as (
    select
        *,
        max(ended_at) over ({{ in_order }} rows between unbounded preceding and 1 preceding) as reached_until
    from intervals
    where ended_at > started_at
),

numbered as (
    select
        *,
        sum(case when started_at <= reached_until then 0 else 1 end)
            over ({{ in_order }} rows between unbounded preceding and current row) as outage_number
    from reached
),

final as (
    select
        service_id,
        cast(outage_number as bigint) as outage_number,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        count(*) as n_incidents,
        sum(is_unended) as n_unended
    from numbered
    group by service_id, outage_number
)

select * from final
