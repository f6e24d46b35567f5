{%- set measured = [
    'revenue', 'labour_saved', 'operating_cost', 'training_cost', 'remediation_cost', 'net_benefit', 'roi', 'roi_low', 'roi_high',
    'roi_ci_low', 'roi_ci_high', 'p_positive', 'net_present_value', 'npv_ci_low', 'npv_ci_high', 'payback_months', 'not_counted',
    'not_shown', 'roi_with_not_shown', 'roi_with_not_shown_ci_low', 'roi_with_not_shown_ci_high', 'p_positive_with_not_shown',
    'double_counted', 'counted_twice', 'revenue_grade', 'labour_grade', 'is_admitted_by_var'
] -%}
with results as (
    select * from {{ ref('ai_impact', 'roi_results') }}
    where part = 'summary'
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

final as (
    select
        {{ ai_impact.hash_key(['results.use_case_id', 'results.period_key']) }} as roi_key,
        nullif(results.use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        cast(results.days as {{ dbt.type_int() }}) as days,
        {% for column in measured -%}
            results.{{ column }},
        {% endfor -%}
        cast(results.stale_since as date) as stale_since,
        results.draws,
        results.reason
    from results
    inner join periods on results.period_key = periods.period_key
)

select * from final
