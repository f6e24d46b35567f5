with unit_covariates as (
    select * from {{ ref('ai_impact', 'stg_unit_covariates') }}
    where value_number is not null or value_text is not null
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

planned as (
    select * from {{ ref('ai_impact', 'int_plan_units') }}
),

asked as (
    select
        unit_type,
        unit_id,
        assigned_at
    from assignments
    {{ ai_impact.union_distinct() }}
    select
        unit_type,
        unit_id,
        assigned_at
    from planned
),

-- A version that ended before the assignment was not on record then.
versions as (
    select
        asked.unit_type,
        asked.unit_id,
        asked.assigned_at,
        aliases.alias_type,
        aliases.alias_id,
        unit_covariates.name,
        unit_covariates.value_number,
        unit_covariates.value_text,
        unit_covariates.valid_from,
        case
            when coalesce(unit_covariates.observed_at, unit_covariates.valid_from) < asked.assigned_at then 1
            else 0
        end as is_known
    from asked
    inner join aliases on asked.unit_type = aliases.unit_type and asked.unit_id = aliases.unit_id
    inner join unit_covariates
        on
            aliases.alias_type = unit_covariates.unit_type
            and aliases.alias_id = unit_covariates.unit_id
            and (unit_covariates.valid_to is null or unit_covariates.valid_to >= asked.assigned_at)
),

-- The first of the others: the one on record at the assignment or, where there was none, the first that was written
-- afterwards; of those that tell of the time before, if any does.
ranked as (
    select
        *,
        row_number() over (
            partition by unit_type, unit_id, assigned_at, name, alias_type, alias_id
            order by is_known desc, valid_from asc
        ) as position,
        max(is_known) over (partition by unit_type, unit_id, assigned_at, name) as is_any_known
    from versions
),

-- Two ids of one account may carry the same attribute: numbers are averaged, of names the first counts.
final as (
    select
        unit_type,
        unit_id,
        assigned_at,
        name,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('value_number'), 'count(value_number)') }} as value,
        min(coalesce(
            cast(value_text as {{ dbt.type_string() }}), {{ ai_impact.to_text('value_number', 'double') }}
        )) as label,
        max(is_known) = 1 as is_known_before
    from ranked
    where position = 1 and is_known = is_any_known
    group by unit_type, unit_id, assigned_at, name
)

select * from final
