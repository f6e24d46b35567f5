{#- Every identifier that a usable link names, with a number for it: numbers are joined and sorted several times as fast
    as hashes. -#}
with links as (
    select * from {{ ref('ai_impact', 'int_identity_links') }}
    where link_status = 'usable' and {{ ai_impact.is_not_held() }}
),

mentions as (
    select
        id_type_a as id_type,
        id_a as id,
        entity_kind,
        received_at,
        links_hash
    from links
    union all
    select
        id_type_b as id_type,
        id_b as id,
        entity_kind,
        received_at,
        links_hash
    from links
),

identifiers as (
    select
        id_type,
        id,
        entity_kind,
        min(received_at) as first_received_at,
        min(links_hash) as links_hash
    from mentions
    group by id_type, id, entity_kind
),

final as (
    select
        row_number() over (order by id_type, id) as node,
        {{ ai_impact.entity_id('id_type', 'id') }} as identifier_key,
        id_type,
        id,
        entity_kind,
        first_received_at,
        links_hash
    from identifiers
)

select * from final
