{#- The days of the periods of strategic KPIs: months, rolling windows, and the baseline windows.
    -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain not in ('hour', 'day', 'week')
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

final as (
    select
        period_days.period_key,
        period_days.date_day,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        periods.baseline_of
    from period_days
    inner join periods on period_days.period_key = periods.period_key
)

select * from final
