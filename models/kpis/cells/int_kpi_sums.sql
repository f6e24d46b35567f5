{#- The sums of every complete period, one row per cell. -#}
{{ config(**ai_impact.kept_periods()) }}

with days as (
    select * from {{ ref('ai_impact', 'int_kpi_daily') }}
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

inputs as (
    {{ ai_impact.missing_periods() }}
),

final as (
    select
        inputs.period_key,
        inputs.input_hash,
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
    inner join inputs on period_days.period_key = inputs.period_key
    group by inputs.period_key, inputs.input_hash, days.use_case_id, days.team_id
)

select * from final
