{#- The share of time that services were up, over the services that ever had an incident. An outage is counted
    once, however many incidents it made. -#}
with outages as (
    select * from {{ ref('ai_impact', 'int_outages') }}
),

incidents as (
    select * from {{ ref('ai_impact', 'fct_incidents') }}
),

periods as (
    select distinct
        period_key,
        period_start,
        period_end,
        baseline_of
    from {{ ref('ai_impact', 'int_long_periods') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
    where kpi_id = 'uptime'
),

services as (
    select distinct {{ ai_impact.mapped('service_id') }} as service_id from incidents
),

-- No data before the month of the first incident, nor if no incident has the start of its impact.
looked as (
    select
        {{ ai_impact.month_of('min(opened_at)') }} as watched_from,
        count(impact_started_at) as n_timed
    from incidents
),

watched as (
    select
        periods.period_key,
        periods.period_end,
        {{ ai_impact.greatest(['periods.period_start', 'looked.watched_from']) }} as period_start,
        looked.n_timed,
        services.service_id
    from periods
    inner join catalog on periods.baseline_of in ({{ ai_impact.rollup_label() }}, catalog.baseline_use_case_id)
    cross join services
    cross join looked
    where periods.period_end > coalesce(looked.watched_from, periods.period_start)
),

down as (
    select
        watched.period_key,
        watched.service_id,
        watched.n_timed,
        {{ ai_impact.days_from('watched.period_start', 'watched.period_end') }} * 24e0 as hours,
        sum(outages.n_unended) as n_unended,
        coalesce({{ ai_impact.exact_sum('case when outages.service_id is not null then ' ~ ai_impact.hours_between(
            'case when outages.started_at > watched.period_start then outages.started_at else watched.period_start end',
            'case when outages.ended_at < watched.period_end then outages.ended_at else watched.period_end end'
        ) ~ ' end') }}, 0) as hours_down
    from watched
    left join outages
        on
            watched.service_id = outages.service_id
            and outages.started_at < watched.period_end
            and outages.ended_at > watched.period_start
    group by watched.period_key, watched.service_id, watched.period_start, watched.period_end, watched.n_timed
),

summed as (
    select
        period_key,
        count(*) as n,
        max(n_timed) as n_timed,
        sum(n_unended) as n_unended,
        {{ ai_impact.exact_sum('hours_down') }} as hours_down,
        {{ ai_impact.exact_sum('hours') }} as hours,
        {{ ai_impact.exact_sum('hours_down * hours_down') }} as down_squared,
        {{ ai_impact.exact_sum('hours * hours') }} as hours_squared,
        {{ ai_impact.exact_sum('hours_down * hours') }} as down_by_hours
    from down
    group by period_key
),

ranged as (
    select
        *,
        case when n_timed > 0 then hours - hours_down end as hours_up,
        -- Services are the units of the interval, days of a service what is observed.
        round(hours / 24) as service_days,
        {{ ai_impact.interval_z() }}e0
        * {{ ai_impact.ratio_std_error(
            'n', 'hours_down', 'hours', 'down_squared', 'hours_squared', 'down_by_hours'
        ) }} as margin
    from summed
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        'uptime' as kpi_id,
        {{ ai_impact.ratio_columns('hours_up', 'hours', 'service_days', 100) }},
        {{ ai_impact.interval(
            '100 * (hours_up / nullif(hours, 0) - margin)', ai_impact.least(['100 * (hours_up / nullif(hours, 0) + margin)', '100'])
        ) }},
        case
            when n_timed = 0 then 'No incident has an impact_started_at, so outages are unknown.'
            else {{ ai_impact.counted_sentence(
                'Incidents that have not ended, down until the end of the data', 'n_unended'
            ) }}
        end as reason
    from ranged
)

select * from final
