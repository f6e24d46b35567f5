{%- set each_unit = 'partition by experiment_id, unit_type, entity_id, enrolment' -%}
with assignments as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

placed as (
    select
        assignments.*,
        aliases.unit_id as entity_id,
        trim(experiments.control_arm) as control_arm,
        {{ ai_impact.exposure_within('assignments.exposed_at', 'experiments') }} as exposed_within,
        {{ ai_impact.enrolment('assignments.assigned_at', 'experiments') }} as enrolment
    from assignments
    inner join aliases
        on
            assignments.unit_type = aliases.unit_type
            and assignments.unit_type = aliases.alias_type
            and assignments.unit_id = aliases.alias_id
    left join experiments on assignments.experiment_id = experiments.experiment_id
),

ranked as (
    select
        *,
        row_number() over ({{ each_unit }} order by assigned_at, arm, event_key) as position,
        row_number() over ({{ each_unit }} order by assigned_at desc, arm desc, event_key desc) as position_from_end
    from placed
    where enrolment <> 'after'
),

-- The first assignment within the experiment counts. A unit of several arms is kept to be counted, and not estimated.
units as (
    select
        experiment_id,
        unit_type,
        entity_id as unit_id,
        max(case when enrolment = 'within' and position = 1 then arm end) as arm,
        count(distinct case when enrolment = 'within' then arm end) as arms_within,
        min(case when enrolment = 'within' then assigned_at end) as assigned_at,
        min(case when enrolment = 'within' then exposed_within end) as exposed_at,
        max(case when enrolment = 'within' and position = 1 then assignment_method end) as assignment_method,
        max(case when enrolment = 'within' and position = 1 then stratum end) as stratum,
        max(case when enrolment = 'within' and position_from_end = 1 then arm end) as last_arm,
        max(case when enrolment = 'before' then 1 else 0 end) as was_before,
        max(case when enrolment = 'before' and arm <> control_arm then 1 else 0 end) as was_treated_before,
        max(case when enrolment = 'within' and position = 1 and arm = control_arm then 1 else 0 end) as is_control
    from ranked
    group by experiment_id, unit_type, entity_id
),

-- Who was in the ramp may come back: with everybody in the control arm until the start, and a log that says anew who
-- stays there. A log of changes alone names the treated among them, and not the others.
ramps as (
    select
        *,
        max(was_treated_before) over (partition by experiment_id) = 0
        and max(was_before * is_control) over (partition by experiment_id) = 1 as may_return
    from units
),

enrolled as (
    select
        *,
        case when was_before = 0 or may_return then arms_within else 0 end as arm_count
    from ramps
    where arms_within > 0
),

kinds as (
    select distinct
        experiment_id,
        arm,
        stratum,
        exposed_at is not null as is_exposed
    from enrolled
),

numbered as (
    select
        *,
        row_number() over (partition by experiment_id order by arm, stratum, is_exposed) as group_number
    from kinds
),

final as (
    select
        {{ ai_impact.hash_key(['units.experiment_id', 'units.unit_type', 'units.unit_id']) }} as assignment_key,
        units.experiment_id,
        units.unit_type,
        units.unit_id,
        units.arm,
        units.arm_count,
        units.assigned_at,
        units.exposed_at,
        units.assignment_method,
        units.stratum,
        cast(numbered.group_number as {{ dbt.type_int() }}) as group_number,
        units.last_arm
    from enrolled as units
    inner join numbered
        on
            units.experiment_id = numbered.experiment_id
            and units.arm = numbered.arm
            and coalesce('=' || units.stratum, '') = coalesce('=' || numbered.stratum, '')
            and (units.exposed_at is not null) = numbered.is_exposed
)

select * from final
