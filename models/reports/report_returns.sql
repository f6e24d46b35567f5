{#- The return of each use case and period with its simulated quantiles, and the bridge to the company. -#}
with summary as (
    select * from {{ ref('roi_summary') }}
),

bridge as (
    select * from {{ ref('roi_bridge') }}
),

quantiles as (
    select
        use_case_id,
        period_grain,
        period_start,
        {% for name, quantile in [('p05', '0.05'), ('p10', '0.1'), ('p25', '0.25'), ('p50', '0.5'), ('p75', '0.75'), ('p90', '0.9'), ('p95', '0.95')] -%}
            max(case when abs(quantile - {{ quantile }}) < 0.001 then roi end) as roi_{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('roi_distribution') }}
    group by use_case_id, period_grain, period_start
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

newest as (
    select
        period_grain,
        max(period_end) as period_end
    from summary
    group by period_grain
),

final as (
    select
        summary.roi_key as report_key,
        coalesce(summary.use_case_id, 'all') as use_case_id,
        case when summary.use_case_id is null then 'The company' else coalesce(use_cases.name, summary.use_case_id) end
            as use_case,
        summary.use_case_id is null as is_company,
        summary.period_grain,
        summary.period_start,
        summary.period_end,
        newest.period_end is not null as is_newest,
        summary.days,
        -- The company counts the days there were; a use case is scaled to a year from the days since its AI went live.
        summary.use_case_id is not null as is_scaled_to_a_year,
        '{{ var("reporting_currency") }}' as currency,
        summary.revenue,
        summary.labour_saved,
        summary.operating_cost,
        summary.training_cost,
        summary.remediation_cost,
        summary.net_benefit,
        summary.roi,
        summary.roi_low,
        summary.roi_high,
        summary.roi_ci_low,
        summary.roi_ci_high,
        quantiles.roi_p05,
        quantiles.roi_p10,
        quantiles.roi_p25,
        quantiles.roi_p50,
        quantiles.roi_p75,
        quantiles.roi_p90,
        quantiles.roi_p95,
        summary.p_positive,
        summary.net_present_value,
        summary.npv_ci_low,
        summary.npv_ci_high,
        summary.payback_months,
        summary.not_counted,
        summary.not_shown,
        summary.roi_with_not_shown,
        summary.revenue_grade,
        summary.labour_grade,
        bridge.net_benefit as full_year_net_benefit,
        bridge.rescaled,
        bridge.counted_twice,
        bridge.company_net_benefit,
        summary.draws,
        summary.stale_since,
        summary.is_admitted_by_var,
        summary.roi is not null as is_shown,
        coalesce(summary.reason, bridge.reason) as reason,
        loads.as_of
    from summary
    left join bridge on summary.roi_key = bridge.roi_key
    left join quantiles
        on
            coalesce(summary.use_case_id, '') = coalesce(quantiles.use_case_id, '')
            and summary.period_grain = quantiles.period_grain
            and summary.period_start = quantiles.period_start
    left join use_cases on summary.use_case_id = use_cases.use_case_id
    left join newest on summary.period_grain = newest.period_grain and summary.period_end = newest.period_end
    cross join loads
)

select * from final
