{#
    Which identifiers each identifier reaches over usable links. Every round doubles the distance; a reach is cut one
    above the size at which a component is absurd, so that a chain of shared identifiers can't make this table explode.
    Who reached no more in a round than before reaches all there is: the next rounds are for the others, mostly few,
    on engines that compute a common table expression once.
#}
with links as (
    select * from {{ ref('int_identity_links') }}
    where link_status = 'usable'
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

edges as (
    select
        nodes_a.node as node_a,
        nodes_b.node as node_b
    from links
    inner join nodes as nodes_a
        on links.id_type_a = nodes_a.id_type and links.id_a = nodes_a.id
    inner join nodes as nodes_b
        on links.id_type_b = nodes_b.id_type and links.id_b = nodes_b.id
),

reach_0 as (
    select
        node_a as node,
        node_b as reached
    from edges
    {{ ai_impact.union_distinct() }}
    select
        node_b as node,
        node_a as reached
    from edges
    {{ ai_impact.union_distinct() }}
    select
        node,
        node as reached
    from nodes
),

sized_0 as (
    select
        node,
        reached,
        0 as size_before,
        count(*) over (partition by node) as size_now
    from reach_0
),
{% for round in range(ai_impact.identity_rounds()) %}
    wider_{{ round + 1 }} as (
        select distinct
            near.node,
            near.size_now as size_before,
            far.reached
        from sized_{{ round }} as near
        inner join sized_{{ round }} as far
            on near.reached = far.node
        {%- if ai_impact.computes_once() %}
            where near.size_now > near.size_before
        {%- endif %}
    ),

    ordered_{{ round + 1 }} as (
        select
            node,
            reached,
            size_before,
            count(*) over (partition by node) as size_now,
            row_number() over (partition by node order by reached) as position
        from wider_{{ round + 1 }}
    ),

    sized_{{ round + 1 }} as (
        select
            node,
            reached,
            size_before,
            size_now
        from ordered_{{ round + 1 }}
        where position <= {{ var('identity_max_component') + 1 }}
        {%- if ai_impact.computes_once() %}
            union all
            select
                node,
                reached,
                size_before,
                size_now
            from sized_{{ round }}
            where size_now <= size_before
        {%- endif %}
    ),
{% endfor %}
final as (
    select
        node,
        reached
    from sized_{{ ai_impact.identity_rounds() }}
)

select * from final
