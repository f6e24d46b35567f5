with results as (
    select * from {{ ref('ai_impact', 'roi_results') }}
    where part = 'quantile'
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

final as (
    select
        {{ ai_impact.hash_key([
            'results.use_case_id', 'results.period_key', 'cast(round(results.quantile * 1000) as ' ~ dbt.type_int() ~
            ')' ]) }} as roi_distribution_key,
        nullif(results.use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        results.quantile,
        results.roi,
        results.net_present_value,
        results.is_admitted_by_var,
        results.draws
    from results
    inner join periods on results.period_key = periods.period_key
)

select * from final
