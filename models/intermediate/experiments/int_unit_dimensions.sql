with experiments as (
    select * from {{ ref('int_experiments') }}
    where dimensions is not null
),

assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

unit_covariates as (
    select * from {{ ref('stg_unit_covariates') }}
    where value_text is not null or value_number is not null
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

attributes as (
    select distinct
        unit_type,
        name
    from unit_covariates
),

-- The stratum is a dimension of every experiment already.
wanted as (
    select distinct
        experiments.experiment_id,
        experiments.unit_type,
        attributes.name as dimension
    from experiments
    inner join attributes
        on
            {{ ai_impact.unit_kind('experiments.unit_type') }} = {{ ai_impact.unit_kind('attributes.unit_type') }}
            and {{ ai_impact.in_list('attributes.name', 'experiments.dimensions') }}
    where attributes.name <> 'stratum'
),

units as (
    select
        wanted.experiment_id,
        wanted.dimension,
        assignments.unit_type,
        assignments.unit_id,
        assignments.arm,
        assignments.assigned_at
    from wanted
    inner join assignments
        on
            wanted.experiment_id = assignments.experiment_id
            and wanted.unit_type = assignments.unit_type
),

-- What the experiment itself may have changed is no part of it. Of two ids of one account, the first name counts.
known as (
    select
        units.experiment_id,
        units.dimension,
        units.unit_id,
        min(coalesce(
            cast(unit_covariates.value_text as {{ dbt.type_string() }}),
            {{ ai_impact.to_text('unit_covariates.value_number', 'double') }}
        )) as part
    from units
    inner join aliases
        on
            units.unit_type = aliases.unit_type
            and units.unit_id = aliases.unit_id
    inner join unit_covariates
        on
            aliases.alias_type = unit_covariates.unit_type
            and aliases.alias_id = unit_covariates.unit_id
            and units.dimension = unit_covariates.name
            and unit_covariates.observed_at < units.assigned_at
    group by units.experiment_id, units.dimension, units.unit_id
),

final as (
    select
        units.experiment_id,
        units.dimension,
        units.unit_id,
        units.arm,
        coalesce(known.part, '(none)') as part
    from units
    left join known
        on
            units.experiment_id = known.experiment_id
            and units.dimension = known.dimension
            and units.unit_id = known.unit_id
)

select * from final
