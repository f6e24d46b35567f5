{#- The share of time that services were up, over the services that ever had an incident. An outage is counted
    once, however many incidents it made. -#}
with outages as (
    select * from {{ ref('int_outages') }}
),

incidents as (
    select * from {{ ref('fct_incidents') }}
),

periods as (
    select distinct
        period_key,
        period_start,
        period_end,
        days_in_period,
        baseline_of
    from {{ ref('int_long_periods') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
    where kpi_id = 'uptime'
),

services as (
    select distinct {{ ai_impact.mapped('service_id') }} as service_id from incidents
),

watched as (
    select
        periods.*,
        services.service_id
    from periods
    inner join catalog on periods.baseline_of in ({{ ai_impact.all_of_them() }}, catalog.baseline_use_case_id)
    cross join services
),

down as (
    select
        watched.period_key,
        watched.service_id,
        watched.days_in_period * 24e0 as hours,
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
    group by watched.period_key, watched.service_id, watched.days_in_period
),

summed as (
    select
        period_key,
        count(*) as n,
        {{ ai_impact.exact_sum('hours_down') }} as hours_down,
        {{ ai_impact.exact_sum('hours') }} as hours,
        {{ ai_impact.exact_sum('hours_down * hours_down') }} as yy,
        {{ ai_impact.exact_sum('hours * hours') }} as zz,
        {{ ai_impact.exact_sum('hours_down * hours') }} as yz
    from down
    group by period_key
),

ranged as (
    select
        *,
        hours - hours_down as hours_up,
        -- Services are the units of the interval, days of a service what is observed.
        round(hours / 24) as service_days,
        {{ ai_impact.interval_z() }}e0
        * {{ ai_impact.ratio_std_error('n', 'hours_down', 'hours', 'yy', 'zz', 'yz') }} as margin
    from summed
),

final as (
    select
        period_key,
        {{ ai_impact.all_of_them() }} as use_case_id,
        {{ ai_impact.all_of_them() }} as team_id,
        'uptime' as kpi_id,
        {{ ai_impact.ratio_columns('hours_up', 'hours', 'service_days', 100) }},
        {{ ai_impact.interval(
            '100 * (hours_up / nullif(hours, 0) - margin)', ai_impact.least(['100 * (hours_up / nullif(hours, 0) + margin)', '100'])
        ) }},
        cast(null as {{ dbt.type_string() }}) as reason,
        0 as n_people,
        false as is_suppressed
    from ranged
)

select * from final
