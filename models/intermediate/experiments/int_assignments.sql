with assignments as (
    select * from {{ ref('stg_assignments') }}
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

ranked as (
    select
        assignments.experiment_id,
        assignments.unit_type,
        aliases.unit_id,
        assignments.arm,
        assignments.assigned_at,
        assignments.exposed_at,
        assignments.assignment_method,
        assignments.stratum,
        row_number() over (
            partition by assignments.experiment_id, assignments.unit_type, aliases.unit_id
            order by assignments.assigned_at, assignments.arm, assignments.event_key
        ) as position,
        row_number() over (
            partition by assignments.experiment_id, assignments.unit_type, aliases.unit_id
            order by assignments.assigned_at desc, assignments.arm desc, assignments.event_key desc
        ) as position_from_end
    from assignments
    inner join aliases
        on
            assignments.unit_type = aliases.unit_type
            and assignments.unit_type = aliases.alias_type
            and assignments.unit_id = aliases.alias_id
),

-- The first assignment counts. A unit of several arms is kept, to be counted, and left out of every estimate.
units as (
    select
        experiment_id,
        unit_type,
        unit_id,
        max(case when position = 1 then arm end) as arm,
        count(distinct arm) as arm_count,
        min(assigned_at) as assigned_at,
        min(exposed_at) as exposed_at,
        max(case when position = 1 then assignment_method end) as assignment_method,
        max(case when position = 1 then stratum end) as stratum,
        max(case when position_from_end = 1 then arm end) as last_arm
    from ranked
    group by experiment_id, unit_type, unit_id
),

kinds as (
    select distinct
        experiment_id,
        arm,
        stratum,
        exposed_at is not null as is_exposed
    from units
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
    from units
    inner join numbered
        on
            units.experiment_id = numbered.experiment_id
            and units.arm = numbered.arm
            and coalesce('=' || units.stratum, '') = coalesce('=' || numbered.stratum, '')
            and (units.exposed_at is not null) = numbered.is_exposed
)

select * from final
