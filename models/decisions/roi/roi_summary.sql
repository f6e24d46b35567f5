with results as (
    select * from {{ ref('roi_results') }}
    where part = 'summary'
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

final as (
    select
        {{ ai_impact.hash_key(['results.use_case_id', 'results.period_key']) }} as roi_key,
        nullif(results.use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        cast(results.days as {{ dbt.type_int() }}) as days,
        results.revenue,
        results.labour_saved,
        results.operating_cost,
        results.training_cost,
        results.remediation_cost,
        results.net_benefit,
        results.roi,
        results.roi_low,
        results.roi_high,
        results.roi_ci_low,
        results.roi_ci_high,
        results.p_positive,
        results.net_present_value,
        results.npv_ci_low,
        results.npv_ci_high,
        results.payback_months,
        results.not_counted,
        results.not_shown,
        results.roi_with_not_shown,
        results.roi_with_not_shown_ci_low,
        results.roi_with_not_shown_ci_high,
        results.p_positive_with_not_shown,
        results.double_counted,
        results.counted_twice,
        results.revenue_grade,
        results.labour_grade,
        results.is_admitted_by_var,
        cast(results.stale_since as date) as stale_since,
        results.draws,
        results.reason
    from results
    inner join periods on results.period_key = periods.period_key
)

select * from final
