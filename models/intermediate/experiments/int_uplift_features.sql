with units as (
    select * from {{ ref('ai_impact', 'int_uplift_units') }}
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

-- Only what was known before the assignment.
final as (
    select distinct
        units.experiment_id,
        units.unit_id,
        covariates.name,
        covariates.value
    from units
    inner join covariates
        on
            units.unit_type = covariates.unit_type
            and units.unit_id = covariates.unit_id
            and units.assigned_at = covariates.assigned_at
            and covariates.is_known_before
            and covariates.value is not null
)

select * from final
