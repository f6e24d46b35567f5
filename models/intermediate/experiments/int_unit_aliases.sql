with assignments as (
    select * from {{ ref('stg_assignments') }}
),

candidates as (
    select * from {{ ref('int_plan_candidates') }}
),

identities as (
    select * from {{ ref('int_identities') }}
),

assigned as (
    select distinct
        unit_type,
        unit_id
    from assignments
    {{ ai_impact.union_distinct() }}
    select
        unit_type,
        unit_id
    from candidates
    where not is_resolved
),

resolved as (
    select
        assigned.unit_type,
        assigned.unit_id as alias_id,
        case
            when assigned.unit_type in ('person', 'account')
                then coalesce(
                    identities.entity_id,
                    {{ ai_impact.entity_id('assigned.unit_type', 'assigned.unit_id') }}
                )
            else assigned.unit_id
        end as unit_id
    from assigned
    left join identities
        on
            assigned.unit_type = identities.id_type
            and assigned.unit_id = identities.id
),

-- An account may be assigned under one of its ids, and measured under another.
siblings as (
    select
        identities.id_type as unit_type,
        identities.id as alias_id,
        identities.entity_id as unit_id
    from identities
    inner join resolved
        on
            identities.id_type = resolved.unit_type
            and identities.entity_id = resolved.unit_id
),

-- Folded tasks carry the hash of a person already.
hashed as (
    select
        unit_type,
        unit_id as alias_id,
        unit_id
    from resolved
    where unit_type in ('person', 'account')
),

final as (
    select * from resolved
    {{ ai_impact.union_distinct() }}
    select * from siblings
    {{ ai_impact.union_distinct() }}
    select * from hashed
    {{ ai_impact.union_distinct() }}
    select
        unit_type,
        unit_id as alias_id,
        unit_id
    from candidates
    where is_resolved
)

select * from final
