with nodes as (
    select * from {{ ref('ai_impact', 'int_identity_nodes') }}
),

reach as (
    select * from {{ ref('ai_impact', 'int_connected_components') }}
    where {{ ai_impact.is_not_held() }}
),

-- The id that an entity goes by is that of its most telling identifier, and of those the one received first. What
-- arrives later joins it; it renames it only where it shows it to be one with an entity that comes first in this order.
ranked as (
    select
        reach.node,
        reach.links_hash,
        nodes.identifier_key as elder_key,
        count(*) over (partition by reach.node) as component_size,
        row_number() over (
            partition by reach.node
            order by {{ ai_impact.id_type_rank('nodes.id_type') }}, nodes.first_received_at, nodes.id
        ) as position
    from reach
    inner join nodes on reach.reached = nodes.node
),

final as (
    select
        nodes.identifier_key,
        nodes.id_type,
        nodes.id,
        nodes.entity_kind,
        case
            when ranked.component_size > {{ var('identity_max_component') }} then nodes.identifier_key
            else ranked.elder_key
        end as entity_id,
        ranked.component_size > {{ var('identity_max_component') }} as is_absurd,
        ranked.links_hash
    from nodes
    inner join ranked
        on
            nodes.node = ranked.node
            and ranked.position = 1
)

select * from final
