{#- What every execution KPI starts from: a cell's period, sums, people, and the rule that hides it, if one does. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with sums as (
    select * from {{ ref('int_kpi_sums') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

people as (
    select * from {{ ref('int_kpi_people') }}
),

hidden_periods as (
    select * from {{ ref('int_hidden_periods') }}
    where family = 'execution'
),

final as (
    select
        sums.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        periods.baseline_of,
        coalesce(people.n_people, 0) as n_people,
        hidden_periods.suppression_rule
    from sums
    inner join periods on sums.period_key = periods.period_key
    left join people
        on
            sums.period_key = people.period_key
            and sums.use_case_id = people.use_case_id
            and sums.team_id = people.team_id
    left join hidden_periods
        on
            sums.period_key = hidden_periods.period_key
            and sums.use_case_id = hidden_periods.row_id
            and sums.team_id = hidden_periods.column_id
    where sums.completed > 0
)

select * from final
