{#- What every execution KPI starts from: the sums and people of a cell in a period, and the rule that hides it, if one
    does. A hidden cell has a row in every period in which anyone worked: else its absence would say that nobody
    of it did. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with sums as (
    select * from {{ ref('ai_impact', 'int_kpi_sums') }}
    where completed > 0
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

people as (
    select * from {{ ref('ai_impact', 'int_kpi_people') }}
),

hidden_periods as (
    select * from {{ ref('ai_impact', 'int_hidden_periods') }}
    where family = 'execution'
),

worked as (
    select distinct period_key from sums
),

cells as (
    select
        period_key,
        use_case_id,
        team_id
    from sums
    {{ ai_impact.union_distinct() }}
    select
        hidden_periods.period_key,
        hidden_periods.row_id,
        hidden_periods.column_id
    from hidden_periods
    inner join worked on hidden_periods.period_key = worked.period_key
    inner join periods on hidden_periods.period_key = periods.period_key
    where periods.baseline_of in ({{ ai_impact.rollup_label() }}, hidden_periods.row_id)
),

final as (
    select
        cells.period_key,
        cells.use_case_id,
        cells.team_id,
        {% for column in ai_impact.kpi_counts() + ai_impact.kpi_amounts() + [
            'days', 'covered_squared', 'total_cost_squared', 'total_cost_by_covered'
        ] -%}
            sums.{{ column }},
        {% endfor -%}
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        periods.baseline_of,
        coalesce(people.n_people, 0) as n_people,
        coalesce(people.n_ai_people, 0) as n_ai_people,
        hidden_periods.suppression_rule
    from cells
    inner join periods on cells.period_key = periods.period_key
    left join sums
        on
            cells.period_key = sums.period_key
            and cells.use_case_id = sums.use_case_id
            and cells.team_id = sums.team_id
    left join people
        on
            cells.period_key = people.period_key
            and cells.use_case_id = people.use_case_id
            and cells.team_id = people.team_id
    left join hidden_periods
        on
            cells.period_key = hidden_periods.period_key
            and cells.use_case_id = hidden_periods.row_id
            and cells.team_id = hidden_periods.column_id
)

select * from final
