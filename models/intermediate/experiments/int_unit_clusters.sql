{{ config(materialized=ai_impact.view_or_table()) }}

with covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

wanted as (
    select distinct
        unit_type,
        cluster_by
    from experiments
    where cluster_by is not null
),

-- Where no cluster was known before the assignment, the first that was known counts: it is where the unit is, not what
-- it does.
final as (
    select
        covariates.unit_type,
        covariates.unit_id,
        covariates.assigned_at,
        covariates.name as cluster_by,
        covariates.label as cluster_id
    from covariates
    inner join wanted
        on
            covariates.unit_type = wanted.unit_type
            and covariates.name = wanted.cluster_by
)

select * from final
