{#- Where AI alone and AI with a person were assigned at random: the outcomes of each subject's decisions in a
    period, by arm. Fewer than k people behind an arm, or behind the decisions outside of the experiment, hide the
    comparison, and with it the windows that hold its month. -#}
with sides as (
    select * from {{ ref('int_decision_sides') }}
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

placed as (
    select
        sides.*,
        periods.period_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end
    from sides
    inner join period_days on sides.decided_on = period_days.date_day
    inner join periods on period_days.period_key = periods.period_key
),

people as (
    select
        kpi_id,
        experiment_id,
        use_case_id,
        period_key,
        period_grain,
        period_start,
        period_end,
        is_treated,
        count(distinct person_id) as n_people
    from placed
    group by
        kpi_id, experiment_id, use_case_id, period_key, period_grain, period_start, period_end, is_treated
),

hidden as (
    select distinct
        windows.kpi_id,
        windows.experiment_id,
        windows.use_case_id,
        windows.period_key
    from people as windows
    inner join people as few
        on
            windows.kpi_id = few.kpi_id
            and windows.experiment_id = few.experiment_id
            and windows.use_case_id = few.use_case_id
            and few.n_people between 1 and {{ var('k_anonymity') }} - 1
            and (few.period_key = windows.period_key or few.period_grain = 'month')
            and few.period_start < windows.period_end and few.period_end > windows.period_start
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
            subjects.kpi_id = hidden.kpi_id
            and subjects.experiment_id = hidden.experiment_id
            and subjects.use_case_id = hidden.use_case_id
            and subjects.period_key = hidden.period_key
    group by
        subjects.kpi_id,
        subjects.experiment_id,
        subjects.use_case_id,
        subjects.period_key,
        subjects.is_treated
)

select * from final
