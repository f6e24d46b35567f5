{{ config(materialized=ai_impact.plain_view()) }}

with unit_covariates as (
    select * from {{ ref('stg_unit_covariates') }}
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

-- Two ids of one account may carry the same attribute.
final as (
    select
        aliases.unit_type,
        aliases.unit_id,
        unit_covariates.name,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('unit_covariates.value_number'), 'count(*)') }} as value,
        max(unit_covariates.observed_at) as observed_at
    from unit_covariates
    inner join aliases
        on
            unit_covariates.unit_type = aliases.alias_type
            and unit_covariates.unit_id = aliases.alias_id
    where unit_covariates.value_number is not null
    group by aliases.unit_type, aliases.unit_id, unit_covariates.name
)

select * from final
