{#
    Which identifiers each identifier reaches over usable links. Every round doubles the distance; a reach is cut one
    above the size at which a component is absurd, so that a chain of shared identifiers can't make this table explode.
#}
with links as (
    select * from {{ ref('int_identity_links') }}
    where link_status = 'usable'
),

neighbours as (
    select
        {{ ai_impact.hash_key(['id_type_a', 'id_a']) }} as node,
        {{ ai_impact.hash_key(['id_type_b', 'id_b']) }} as reached
    from links
    union
    select
        {{ ai_impact.hash_key(['id_type_b', 'id_b']) }} as node,
        {{ ai_impact.hash_key(['id_type_a', 'id_a']) }} as reached
    from links
),

reach_0 as (
    select
        node,
        reached
    from neighbours
    union
    select
        node,
        node as reached
    from neighbours
),
{% for round in range(ai_impact.identity_rounds()) %}
    wider_{{ round + 1 }} as (
        select distinct
            near.node,
            far.reached
        from reach_{{ round }} as near
        inner join reach_{{ round }} as far
            on near.reached = far.node
    ),

    ordered_{{ round + 1 }} as (
        select
            node,
            reached,
            row_number() over (partition by node order by reached) as position
        from wider_{{ round + 1 }}
    ),

    reach_{{ round + 1 }} as (
        select
            node,
            reached
        from ordered_{{ round + 1 }}
        where position <= {{ var('identity_max_component') + 1 }}
    ),
{% endfor %}
final as (
    select
        node,
        reached
    from reach_{{ ai_impact.identity_rounds() }}
)

select * from final
