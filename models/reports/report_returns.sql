{#- The return of each use case, scaled to a year from the days since its AI went live; and of the company, as is. -#}
with {{ ai_impact.imports(['roi_summary', 'roi_bridge', 'roi_distribution', 'dim_use_cases']) }},

quantiles as (
    select
        use_case_id,
        period_grain,
        period_start,
        {{ ai_impact.quantile_columns() }}
    from roi_distribution
    group by use_case_id, period_grain, period_start
),

newest as (
    {{ ai_impact.newest_periods('roi_summary') }}
),

final as (
    select
        roi_summary.roi_key as report_key,
        coalesce(roi_summary.use_case_id, 'all') as use_case_id,
        coalesce(dim_use_cases.name, roi_summary.use_case_id, 'The company') as use_case,
        roi_summary.use_case_id is null as is_company,
        newest.period_end is not null as is_newest,
        roi_summary.use_case_id is not null as is_scaled_to_a_year,
        '{{ var("reporting_currency") }}' as currency,
        {{ ai_impact.columns('roi_summary', ai_impact.return_terms()) }},
        {{ ai_impact.columns('quantiles', [
            'roi_p05', 'roi_p10', 'roi_p25', 'roi_p50', 'roi_p75', 'roi_p90', 'roi_p95'
        ]) }},
        roi_bridge.net_benefit as full_year_net_benefit,
        {{ ai_impact.columns('roi_bridge', ['rescaled', 'counted_twice', 'company_net_benefit']) }},
        roi_summary.roi is not null as is_shown,
        coalesce(roi_summary.reason, roi_bridge.reason) as reason,
        loads.as_of
    from roi_summary
    left join roi_bridge on roi_summary.roi_key = roi_bridge.roi_key
    left join quantiles
        on
            coalesce(roi_summary.use_case_id, '') = coalesce(quantiles.use_case_id, '')
            and roi_summary.period_grain = quantiles.period_grain and roi_summary.period_start = quantiles.period_start
    left join dim_use_cases on roi_summary.use_case_id = dim_use_cases.use_case_id
    left join newest on roi_summary.period_grain = newest.period_grain and roi_summary.period_end = newest.period_end
    cross join loads
)

select * from final
