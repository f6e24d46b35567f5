{#- How many units AI reached, each on the first day that it did: those assigned to a treatment arm, and those whose
    work of the use case AI did. What a control unit got before the experiment ended is not counted, and no unit
    twice. The arm is NULL where the unit was in none. -#}
with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count > 0
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where
        is_completed
        and execution_mode in ('ai_assisted', 'ai_autonomous')
        and subject_id is not null
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

reached as (
    select
        assignments.experiment_id,
        assignments.unit_id,
        assignments.arm,
        coalesce(assignments.exposed_at, assignments.assigned_at) as reached_at
    from assignments
    inner join experiments on assignments.experiment_id = experiments.experiment_id
    where {{ ai_impact.in_list('assignments.arm', 'experiments.treatment_arm') }}
    union all
    select
        experiments.experiment_id,
        coalesce(aliases.unit_id, known_ids.entity_id, tasks.subject_id) as unit_id,
        cast(null as {{ dbt.type_string() }}) as arm,
        tasks.completed_at as reached_at
    from tasks
    inner join experiments
        on
            tasks.use_case_id = experiments.use_case_id
            and {{ ai_impact.unit_kind('tasks.subject_type') }} = {{ ai_impact.unit_kind('experiments.unit_type') }}
    left join aliases
        on
            experiments.unit_type = aliases.unit_type
            and tasks.subject_type = aliases.alias_type
            and tasks.subject_id = aliases.alias_id
    left join known_ids
        on
            tasks.subject_type = known_ids.id_type
            and tasks.subject_id = known_ids.id
),

-- By equal keys alone: with another condition beside them a left join compares each unit with each.
controls as (
    select
        assignments.experiment_id,
        assignments.unit_id
    from assignments
    inner join experiments on assignments.experiment_id = experiments.experiment_id
    where assignments.arm = experiments.control_arm
),

counted as (
    select
        reached.experiment_id,
        reached.unit_id,
        max(reached.arm) as treatment_arm,
        min(reached.reached_at) as reached_at
    from reached
    inner join experiments on reached.experiment_id = experiments.experiment_id
    left join controls
        on
            reached.experiment_id = controls.experiment_id
            and reached.unit_id = controls.unit_id
    where controls.unit_id is null or reached.reached_at >= experiments.ends_at
    group by reached.experiment_id, reached.unit_id
),

final as (
    select
        experiment_id,
        treatment_arm,
        cast(reached_at as date) as reached_on,
        count(*) as units
    from counted
    group by experiment_id, treatment_arm, cast(reached_at as date)
)

select * from final
