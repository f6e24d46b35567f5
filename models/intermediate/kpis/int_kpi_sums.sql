{#- The sums of every complete period, one row a cell. -#}
with days as (
    select * from {{ ref('int_kpi_days') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

final as (
    select
        periods.period_key,
        days.use_case_id,
        days.team_id,
        {{ ai_impact.kpi_sums(
            ai_impact.kpi_counts() + ['days', 'completed_squared'],
            ai_impact.kpi_amounts() + ['total_cost_squared', 'total_cost_by_completed']
        ) }}
    from days
    inner join periods
        on
            days.date_day >= periods.period_start
            and days.date_day < periods.period_end
            and periods.baseline_of in ({{ ai_impact.all_of_them() }}, days.use_case_id)
    group by periods.period_key, days.use_case_id, days.team_id
)

select * from final
