with links as (
    select * from {{ ref('int_identity_links') }}
    where link_status = 'usable'
),

reach as (
    select * from {{ ref('int_identity_reach') }}
),

mentions as (
    select
        id_type_a as id_type,
        id_a as id,
        entity_kind,
        received_at
    from links
    union all
    select
        id_type_b as id_type,
        id_b as id,
        entity_kind,
        received_at
    from links
),

identifiers as (
    select
        {{ ai_impact.entity_id('id_type', 'id') }} as identifier_key,
        id_type,
        id,
        entity_kind,
        min(received_at) as first_received_at
    from mentions
    group by id_type, id, entity_kind
),

-- The id that an entity goes by is that of its most telling identifier, and of those the one received first. What
-- arrives later joins it; it renames it only where it shows it to be one with an entity that comes first in this order.
ranked as (
    select
        reach.node,
        reach.reached,
        count(*) over (partition by reach.node) as component_size,
        row_number() over (
            partition by reach.node
            order by {{ ai_impact.id_type_rank('identifiers.id_type') }}, identifiers.first_received_at, identifiers.id
        ) as position
    from reach
    inner join identifiers
        on reach.reached = identifiers.identifier_key
),

final as (
    select
        identifiers.identifier_key,
        identifiers.id_type,
        identifiers.id,
        identifiers.entity_kind,
        case
            when ranked.component_size > {{ var('identity_max_component') }} then identifiers.identifier_key
            else ranked.reached
        end as entity_id,
        ranked.component_size > {{ var('identity_max_component') }} as is_absurd
    from identifiers
    inner join ranked
        on
            identifiers.identifier_key = ranked.node
            and ranked.position = 1
)

select * from final
