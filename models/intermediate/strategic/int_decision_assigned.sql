{#- Decisions about subjects that an experiment assigned at random, where its arms are AI alone and AI with a person.
    That an experiment is of this kind shows in what was done: hardly any decision of one arm had a person, and nearly
    all of the other. -#}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null and subject_id is not null
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where assignment_method = 'randomized' and arm_count = 1
),

assigned as (
    select
        decisions.decision_id,
        assignments.experiment_id,
        assignments.arm,
        assignments.unit_id,
        {{ ai_impact.mapped('decisions.use_case_id') }} as use_case_id,
        cast(decisions.decided_at as date) as decided_on,
        case when coalesce(decisions.human_action, 'none') = 'none' then 0 else 1 end as has_human,
        decisions.person_id,
        decisions.is_success,
        decisions.outcome_value
    from decisions
    inner join aliases on decisions.subject_type = aliases.alias_type and decisions.subject_id = aliases.alias_id
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
            when cast(sum(has_human) as {{ double }}) / count(*) >= 0.95 then 1
            when cast(sum(has_human) as {{ double }}) / count(*) <= 0.05 then 0
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

final as (
    select
        assigned.decision_id,
        assigned.experiment_id,
        assigned.use_case_id,
        assigned.decided_on,
        assigned.unit_id,
        assigned.person_id,
        arms.is_treated,
        assigned.is_success,
        assigned.outcome_value
    from assigned
    inner join arms
        on
            assigned.experiment_id = arms.experiment_id
            and assigned.use_case_id = arms.use_case_id
            and assigned.arm = arms.arm
    inner join kinds
        on assigned.experiment_id = kinds.experiment_id and assigned.use_case_id = kinds.use_case_id
)

select * from final
