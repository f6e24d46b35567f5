{#- The ratings of a panel on each criterion, in every period in which their decision was made. Raters and
    decisions are numbers. -#}
with ratings as (
    select * from {{ ref('ai_impact', 'int_panel_ratings') }}
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
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

final as (
    {% for cell in ['numbered.use_case_id', ai_impact.rollup_label()] %}
        select
            {{ cell }} as use_case_id,
            periods.period_key,
            numbered.rubric_version,
            numbered.criterion,
            numbered.decision_number,
            numbered.rater_number,
            numbered.score
        from numbered
        inner join periods on numbered.decided_on = periods.date_day
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
