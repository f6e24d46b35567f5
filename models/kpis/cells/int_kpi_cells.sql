{#- What every execution KPI starts from: a cell's period, sums, people, and whether it may be shown. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with sums as (
    select * from {{ ref('int_kpi_sums') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

suppression as (
    select * from {{ ref('int_kpi_suppression') }}
),

final as (
    select
        sums.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        periods.baseline_of,
        suppression.n_people,
        suppression.is_suppressed
    from sums
    inner join periods on sums.period_key = periods.period_key
    inner join suppression
        on
            sums.period_key = suppression.period_key
            and sums.use_case_id = suppression.use_case_id
            and sums.team_id = suppression.team_id
    where sums.completed > 0
)

select * from final
