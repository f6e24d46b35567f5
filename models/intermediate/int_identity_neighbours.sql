{#- The first half of the rounds. In a table, because engines that compute a common table expression for each of its
    two readers would begin all over in every round. -#}
{{ config(
    materialized=ai_impact.kept_by_hash(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ ai_impact.forget_changed_links() }}"
) }}
{%- set half = ai_impact.identity_rounds() // 2 -%}
with links as (
    select * from {{ ref('int_identity_links') }}
    where link_status = 'usable' and {{ ai_impact.is_not_held() }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
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

{{ ai_impact.wider_reach(0, half) }}
hashed as (
    select max(links_hash) as links_hash from nodes
),

final as (
    select
        reach.*,
        hashed.links_hash
    from sized_{{ half }} as reach
    cross join hashed
)

select * from final
