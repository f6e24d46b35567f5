{#- Where AI alone and AI with a person were assigned at random: the outcomes of each subject's decisions in a
    period, by arm. That an experiment is of this kind shows in what was done: hardly any decision of one arm had
    a person, and nearly all of the other. -#}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select * from {{ ref('int_decisions') }}
    where decided_at is not null and subject_id is not null
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

assignments as (
    select * from {{ ref('int_assignments') }}
    where assignment_method = 'randomized' and arm_count = 1
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

assigned as (
    select
        assignments.experiment_id,
        assignments.arm,
        assignments.unit_id,
        {{ ai_impact.mapped('decisions.use_case_id') }} as use_case_id,
        cast(decisions.decided_at as date) as decided_on,
        case when coalesce(decisions.human_action, 'none') = 'none' then 0 else 1 end as has_human,
        decisions.is_success,
        decisions.outcome_value
    from decisions
    inner join aliases on decisions.subject_type = aliases.unit_type and decisions.subject_id = aliases.alias_id
    inner join assignments
        on
            aliases.unit_type = assignments.unit_type
            and aliases.unit_id = assignments.unit_id
            and assignments.assigned_at <= decisions.decided_at
),

arms as (
    select
        experiment_id,
        use_case_id,
        arm,
        case
            when sum(has_human) * 1e0 / count(*) >= 0.95 then 1
            when sum(has_human) * 1e0 / count(*) <= 0.05 then 0
        end as is_treated
    from assigned
    group by experiment_id, use_case_id, arm
),

kinds as (
    select
        experiment_id,
        use_case_id
    from arms
    group by experiment_id, use_case_id
    having count(distinct is_treated) = 2 and count(*) = count(is_treated)
),

subjects as (
    {% for kpi_id, value in [('decision_hit_rate', 'is_success'), ('decision_outcome_value', 'outcome_value')] %}
        select
            '{{ kpi_id }}' as kpi_id,
            assigned.experiment_id,
            assigned.use_case_id,
            period_days.period_key,
            arms.is_treated,
            assigned.unit_id,
            avg(cast(assigned.{{ value }} as {{ double }})) as value
        from assigned
        inner join arms
            on
                assigned.experiment_id = arms.experiment_id
                and assigned.use_case_id = arms.use_case_id
                and assigned.arm = arms.arm
        inner join kinds
            on assigned.experiment_id = kinds.experiment_id and assigned.use_case_id = kinds.use_case_id
        inner join period_days on assigned.decided_on = period_days.date_day
        where assigned.{{ value }} is not null
        group by
            assigned.experiment_id, assigned.use_case_id, period_days.period_key, arms.is_treated, assigned.unit_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
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
        var_samp(subjects.value) as var_y
    from subjects
    inner join periods on subjects.period_key = periods.period_key
    group by
        subjects.kpi_id, subjects.experiment_id, subjects.use_case_id, subjects.period_key, subjects.is_treated
)

select * from final
