{#- The ratings of a panel on each criterion, in every period in which their decision was made. Raters and
    decisions are numbers. -#}
with ratings as (
    select * from {{ ref('int_panel_ratings') }}
),

decisions as (
    select * from {{ ref('int_decisions') }}
    where decided_at is not null
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

numbered as (
    select
        {{ ai_impact.mapped('decisions.use_case_id') }} as use_case_id,
        cast(decisions.decided_at as date) as decided_on,
        ratings.criterion,
        ratings.rubric_version,
        ratings.score,
        cast(dense_rank() over (order by ratings.decision_id) as {{ dbt.type_bigint() }}) as decision_number,
        cast(dense_rank() over (order by ratings.person_id) as {{ dbt.type_bigint() }}) as rater_number
    from ratings
    inner join decisions on ratings.decision_id = decisions.decision_id
    where ratings.weight > 0
),

placed as (
    select
        numbered.*,
        numbered.use_case_id as cell_use_case_id
    from numbered
    union all
    select
        numbered.*,
        {{ ai_impact.all_of_them() }}
    from numbered
),

final as (
    select
        placed.cell_use_case_id as use_case_id,
        periods.period_key,
        placed.rubric_version,
        placed.criterion,
        placed.decision_number,
        placed.rater_number,
        placed.score
    from placed
    inner join period_days on placed.decided_on = period_days.date_day
    inner join periods on period_days.period_key = periods.period_key
)

select * from final
