with links as (
    select * from {{ ref('stg_identity_links') }}
),

nodes as (
    select
        id_type_a as id_type,
        id_a as id,
        id_type_b as other_type,
        id_b as other_id
    from links
    union all
    select
        id_type_b as id_type,
        id_b as id,
        id_type_a as other_type,
        id_a as other_id
    from links
),

-- A person has many accounts and an account many people: only links that could merge two entities count.
shared_identifiers as (
    select
        id_type,
        id
    from nodes
    where {{ ai_impact.entity_kind('id_type') }} = {{ ai_impact.entity_kind('other_type') }}
    group by id_type, id
    having count(distinct {{ ai_impact.hash_key(['other_type', 'other_id']) }}) > {{ var('identity_max_links') }}
),

final as (
    select
        links.event_key,
        links.id_type_a,
        links.id_a,
        links.id_type_b,
        links.id_b,
        {{ ai_impact.entity_kind('links.id_type_a') }} as entity_kind,
        links.occurred_at,
        links.received_at,
        case
            when
                {{ ai_impact.entity_kind('links.id_type_a') }} is null
                or {{ ai_impact.entity_kind('links.id_type_b') }} is null
                then 'unknown_id_type'
            when
                {{ ai_impact.entity_kind('links.id_type_a') }} <> {{ ai_impact.entity_kind('links.id_type_b') }}
                then 'across_kinds'
            when shared_a.id is not null or shared_b.id is not null then 'shared_identifier'
            else 'usable'
        end as link_status
    from links
    left join shared_identifiers as shared_a
        on links.id_type_a = shared_a.id_type and links.id_a = shared_a.id
    left join shared_identifiers as shared_b
        on links.id_type_b = shared_b.id_type and links.id_b = shared_b.id
)

select * from final
