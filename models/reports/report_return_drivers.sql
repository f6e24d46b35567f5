{#- What the return of each use case depends on, one input at a time, the largest swing first. -#}
with drivers as (
    select * from {{ ref('roi_sensitivity') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

newest as (
    select
        period_grain,
        max(period_end) as period_end
    from drivers
    group by period_grain
),

final as (
    select
        drivers.driver_key as report_key,
        drivers.use_case_id,
        coalesce(use_cases.name, drivers.use_case_id) as use_case,
        drivers.period_grain,
        drivers.period_start,
        drivers.period_end,
        newest.period_end is not null as is_newest,
        drivers.driver as driver_id,
        replace(drivers.driver, '_', ' ') as driver,
        drivers.place,
        drivers.low_value,
        drivers.base_value,
        drivers.high_value,
        drivers.roi,
        drivers.roi_at_low,
        drivers.roi_at_high,
        drivers.swing,
        drivers.break_even,
        drivers.is_admitted_by_var,
        drivers.swing is not null as is_shown,
        drivers.reason
    from drivers
    left join use_cases on drivers.use_case_id = use_cases.use_case_id
    left join newest on drivers.period_grain = newest.period_grain and drivers.period_end = newest.period_end
)

select * from final
