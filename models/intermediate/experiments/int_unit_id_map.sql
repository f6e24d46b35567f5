with assignments as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

candidates as (
    select * from {{ ref('ai_impact', 'int_plan_candidates') }}
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
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
        {{ ai_impact.entity_kind('assigned.unit_type') }} as unit_kind,
        case
            when {{ ai_impact.entity_kind('assigned.unit_type') }} is null then assigned.unit_id
            else coalesce(
                known_ids.entity_id,
                {{ ai_impact.entity_id('assigned.unit_type', 'assigned.unit_id') }}
            )
        end as unit_id,
        known_ids.id is null as is_unlinked
    from assigned
    left join known_ids
        on
            assigned.unit_type = known_ids.id_type
            and assigned.unit_id = known_ids.id
),

entities as (
    select distinct
        unit_type,
        unit_kind,
        unit_id
    from resolved
    where unit_kind is not null
),

-- An account may be assigned under one of its ids, and measured under another, whatever kind either is of.
siblings as (
    select
        entities.unit_type,
        known_ids.id_type as alias_type,
        known_ids.id as alias_id,
        entities.unit_id
    from entities
    inner join known_ids
        on
            entities.unit_id = known_ids.entity_id
            and entities.unit_kind = known_ids.entity_kind
),

-- Columns that name no kind hold the id of an unlinked unit too.
unlinked as (
    select
        resolved.unit_type,
        resolved.unit_kind as alias_type,
        resolved.alias_id,
        resolved.unit_id
    from resolved
    left join known_ids
        on
            resolved.unit_kind = known_ids.id_type
            and resolved.alias_id = known_ids.id
    where
        resolved.unit_kind <> resolved.unit_type
        and resolved.is_unlinked
        and known_ids.id is null
),

final as (
    select
        unit_type,
        unit_type as alias_type,
        alias_id,
        unit_id
    from resolved
    {{ ai_impact.union_distinct() }}
    select * from siblings
    {{ ai_impact.union_distinct() }}
    select * from unlinked
    {{ ai_impact.union_distinct() }}
    -- Folded tasks carry the hash of a person already.
    select
        unit_type,
        unit_kind as alias_type,
        unit_id as alias_id,
        unit_id
    from entities
    {{ ai_impact.union_distinct() }}
    select
        unit_type,
        unit_type as alias_type,
        unit_id as alias_id,
        unit_id
    from candidates
    where is_resolved
)

select * from final
