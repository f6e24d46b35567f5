{#- Each day of each period, so that events find their periods by equality: a join on a range of dates is twenty times
    slower. -#}
with periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain <> 'hour'
),

days as (
    select * from {{ ref('ai_impact', 'int_dates') }}
),

final as (
    select
        periods.period_key,
        periods.baseline_of,
        days.date_day
    from periods
    inner join days on days.date_day >= periods.period_start and days.date_day < periods.period_end
)

select * from final
