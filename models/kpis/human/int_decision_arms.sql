{#- Where AI alone and AI with a person were assigned at random: the outcomes of each subject's decisions in a
    period, by arm. Where an arm is hidden, or what was decided outside of the experiment, so is the comparison. -#}
with sides as (
    select * from {{ ref('ai_impact', 'int_decision_sides') }}
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

hidden_periods as (
    select * from {{ ref('ai_impact', 'int_hidden_periods') }}
),

hidden as (
    select distinct
        family,
        period_key,
        row_id
    from hidden_periods
),

placed as (
    select
        sides.*,
        periods.period_key
    from sides
    inner join period_days on sides.decided_on = period_days.date_day
    inner join periods on period_days.period_key = periods.period_key
),

subjects as (
    select
        kpi_id,
        experiment_id,
        use_case_id,
        period_key,
        is_treated,
        unit_id,
        avg(value) as value
    from placed
    where is_treated in (0, 1)
    group by kpi_id, experiment_id, use_case_id, period_key, is_treated, unit_id
),

final as (
    select
        subjects.kpi_id,
        subjects.experiment_id,
        subjects.use_case_id,
        subjects.period_key,
        subjects.is_treated,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        avg(subjects.value) as mean_y,
        var_samp(subjects.value) as var_y,
        max(case when hidden.period_key is not null then 1 else 0 end) = 1 as is_suppressed
    from subjects
    left join hidden
        on
            hidden.family = {{ ai_impact.family_of_arms('subjects.kpi_id', 'subjects.experiment_id') }}
            and subjects.use_case_id = hidden.row_id
            and subjects.period_key = hidden.period_key
    group by
        subjects.kpi_id,
        subjects.experiment_id,
        subjects.use_case_id,
        subjects.period_key,
        subjects.is_treated
)

select * from final
