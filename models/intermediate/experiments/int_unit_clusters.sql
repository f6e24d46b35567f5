{{ config(materialized=ai_impact.plain_view()) }}

with unit_covariates as (
    select * from {{ ref('stg_unit_covariates') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

wanted as (
    select distinct
        unit_type,
        cluster_by
    from experiments
    where cluster_by is not null
),

-- Two ids of one account should name one cluster; where they don't, the first name counts.
final as (
    select
        aliases.unit_type,
        aliases.unit_id,
        unit_covariates.name as cluster_by,
        min(coalesce(
            cast(unit_covariates.value_text as {{ dbt.type_string() }}),
            {{ ai_impact.to_text('unit_covariates.value_number', 'double') }}
        )) as cluster_id
    from unit_covariates
    inner join aliases
        on
            unit_covariates.unit_type = aliases.alias_type
            and unit_covariates.unit_id = aliases.alias_id
    inner join wanted
        on
            aliases.unit_type = wanted.unit_type
            and unit_covariates.name = wanted.cluster_by
    where unit_covariates.value_text is not null or unit_covariates.value_number is not null
    group by aliases.unit_type, aliases.unit_id, unit_covariates.name
)

select * from final
