with results as (
    select * from {{ ref('ai_impact', 'roi_results') }}
    where part = 'sensitivity'
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'results.period_key', 'driver']) }} as driver_key, results.use_case_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        results.driver,
        results.place,
        results.low_value,
        results.base_value,
        results.high_value,
        results.roi,
        results.roi_at_low,
        results.roi_at_high,
        results.swing,
        results.break_even,
        results.is_admitted_by_var,
        results.reason
    from results
    inner join periods on results.period_key = periods.period_key
)

select * from final
