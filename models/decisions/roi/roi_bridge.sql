with results as (
    select * from {{ ref('ai_impact', 'roi_results') }}
    where part = 'bridge'
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
        results.net_benefit,
        results.rescaled,
        results.counted_twice,
        results.company_net_benefit,
        results.not_counted,
        results.not_shown,
        results.is_admitted_by_var,
        results.reason
    from results
    inner join periods on results.period_key = periods.period_key
)

select * from final
