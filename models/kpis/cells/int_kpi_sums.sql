{#- The sums of every complete period, one row per cell. -#}
with days as (
    select * from {{ ref('int_kpi_daily') }}
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

final as (
    select
        period_days.period_key,
        days.use_case_id,
        days.team_id,
        {{ ai_impact.kpi_sums(
            ai_impact.kpi_counts() + ['days', 'covered_squared'],
            ai_impact.kpi_amounts() + ['total_cost_squared', 'total_cost_by_covered']
        ) }}
    from days
    inner join period_days
        on
            days.date_day = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.rollup_label() }}, days.use_case_id)
    group by period_days.period_key, days.use_case_id, days.team_id
)

select * from final
