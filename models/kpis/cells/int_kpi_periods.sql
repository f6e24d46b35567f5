{#- The complete, half-open periods of the KPIs, and the baseline window of each use case. Of hours those of the last
    week: period_start and period_end are the day of an hour, starts_at and ends_at the hour itself. -#}
{%- set timestamp = ai_impact.physical_type('timestamp') -%}
{%- set day_at = 'cast(days.date_day as ' ~ timestamp ~ ')' -%}
with days as (
    select * from {{ ref('ai_impact', 'int_dates') }}
),

observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where has_baseline
),

edges as (
    select
        min(date_day) as first_day,
        {{ ai_impact.add_days('max(date_day)', 1) }} as end_day
    from days
    where is_complete
),

month_ends as (
    select distinct cast({{ ai_impact.add_time('month', 1, 'month_start') }} as date) as period_end from days
),

candidates as (
    select
        'day' as period_grain,
        date_day as period_start,
        {{ ai_impact.add_days('date_day', 1) }} as period_end
    from days
    union all
    select distinct
        'week',
        week_start,
        {{ ai_impact.add_days('week_start', 7) }}
    from days
    union all
    select distinct
        'month',
        month_start,
        cast({{ ai_impact.add_time('month', 1, 'month_start') }} as date)
    from days
    union all
    select
        'rolling_90d',
        {{ ai_impact.add_days('period_end', -90) }},
        period_end
    from month_ends
    union all
    select
        'rolling_365d',
        {{ ai_impact.add_days('period_end', -365) }},
        period_end
    from month_ends
),

dated as (
    select
        *,
        {{ ai_impact.rollup_label() }} as baseline_of
    from candidates
    union all
    select
        'baseline',
        baseline_from,
        baseline_to,
        use_case_id
    from use_cases
),

complete as (
    select
        dated.*,
        cast(dated.period_start as {{ timestamp }}) as starts_at,
        cast(dated.period_end as {{ timestamp }}) as ends_at
    from dated
    inner join edges on dated.period_start >= edges.first_day and dated.period_end <= edges.end_day
),

hours as (
    {% for hour in range(24) %}
        select
            days.date_day,
            {{ ai_impact.add_time('hour', hour, day_at) }} as starts_at,
            {{ ai_impact.add_time('hour', hour + 1, day_at) }} as ends_at
        from days
        inner join observed on days.date_day > {{ ai_impact.add_days('observed.observed_until_hour', -7) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        {{ ai_impact.hash_key(['period_grain', 'period_start', 'baseline_of']) }} as period_key,
        period_grain,
        period_start,
        period_end,
        starts_at,
        ends_at,
        {{ ai_impact.days_from('period_start', 'period_end') }} as days_in_period,
        baseline_of
    from complete
    union all
    select
        {{ ai_impact.hash_key(["'hour'", 'hours.starts_at']) }},
        'hour',
        hours.date_day,
        {{ ai_impact.add_days('hours.date_day', 1) }},
        hours.starts_at,
        hours.ends_at,
        0,
        {{ ai_impact.rollup_label() }}
    from hours
    inner join observed on hours.ends_at <= observed.observed_until_hour
)

select * from final
