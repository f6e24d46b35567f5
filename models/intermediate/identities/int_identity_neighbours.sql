{#- The first half of the rounds, kept: engines that compute a CTE for each reader would begin all over in each. -#}
with links as (
    select * from {{ ref('ai_impact', 'int_identity_links') }}
    where link_status = 'usable'
),

nodes as (
    select * from {{ ref('ai_impact', 'int_identity_nodes') }}
    where {{ ai_impact.is_not_held() }}
),

edges as (
    select
        nodes_a.node as node_a,
        nodes_b.node as node_b
    from links
    inner join nodes as nodes_a on links.id_type_a = nodes_a.id_type and links.id_a = nodes_a.id
    inner join nodes as nodes_b on links.id_type_b = nodes_b.id_type and links.id_b = nodes_b.id
),

reach_0 as (
    {% for one, other, relation in [
        ('node_a', 'node_b', 'edges'), ('node_b', 'node_a', 'edges'), ('node', 'node', 'nodes')
    ] %}
        select
            {{ one }} as node,
            {{ other }} as reached
        from {{ relation }}
        {{ ai_impact.union_distinct() if not loop.last }}
    {% endfor %}
),

sized_0 as (
    select
        *,
        0 as size_before,
        count(*) over (partition by node) as size_now
    from reach_0
),

{{ ai_impact.wider_reach(0, ai_impact.identity_rounds() // 2) }}
final as (
    select
        *,
        (select max(links_hash) from nodes) as links_hash
    from sized_{{ ai_impact.identity_rounds() // 2 }}
)

select * from final
