with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where dimensions is not null
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

attributes as (
    select distinct
        unit_type,
        name
    from covariates
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

-- What the experiment itself may have changed is no part of it.
final as (
    select
        units.experiment_id,
        units.dimension,
        units.unit_id,
        units.arm,
        coalesce(covariates.label, '(none)') as dimension_value
    from units
    left join covariates
        on
            units.unit_type = covariates.unit_type
            and units.unit_id = covariates.unit_id
            and units.assigned_at = covariates.assigned_at
            and units.dimension = covariates.name
            and covariates.is_known_before
)

select * from final
