{#- The one lookup of identifiers: the linked ones, and those that a column without a type of its own
    (account_id, actor_id, respondent_hash) holds though the links name them as of another kind. -#}
with identities as (
    select * from {{ ref('ai_impact', 'int_identities') }}
    where {{ ai_impact.is_not_held() }}
),

nodes as (
    select * from {{ ref('ai_impact', 'int_identity_nodes') }}
),

linked as (
    select
        identities.id_type,
        identities.id,
        identities.entity_kind,
        identities.entity_id,
        identities.is_absurd,
        identities.links_hash,
        row_number() over (
            partition by identities.entity_id
            order by
                {{ ai_impact.id_type_rank('identities.id_type', first='account') }},
                nodes.first_received_at,
                identities.id
        ) as position
    from identities
    inner join nodes on identities.identifier_key = nodes.identifier_key
),

-- What an account is called: by its first account id, or by the identifier that lends the id. A person has no name.
named as (
    select
        linked.id_type,
        linked.id,
        linked.entity_kind,
        linked.entity_id,
        linked.is_absurd,
        linked.links_hash,
        case when linked.entity_kind = 'account' then names.id else linked.entity_id end as known_as
    from linked
    inner join linked as names on linked.entity_id = names.entity_id and names.position = 1
),

-- Only where no link names it as of the kind that the column means, and the links agree on whose it is.
{% for id_type, lenders in ai_impact.lending_id_types().items() -%}
    lent_{{ id_type }} as (
        select
            named.id,
            min(named.entity_kind) as entity_kind,
            min(named.entity_id) as entity_id,
            min(named.known_as) as known_as,
            min(named.links_hash) as links_hash
        from named
        left join nodes on nodes.id_type = '{{ id_type }}' and named.id = nodes.id
        where
            named.id_type in ({{ ai_impact.quoted(lenders) }})
            and not named.is_absurd
            and nodes.id is null
        group by named.id
        having count(distinct named.entity_id) = 1
    ),

{% endfor -%}
final as (
    select
        id_type,
        id,
        entity_kind,
        entity_id,
        known_as,
        false as is_lent,
        links_hash
    from named
    {% for id_type in ai_impact.lending_id_types() -%}
        union all
        select
            '{{ id_type }}',
            id,
            entity_kind,
            entity_id,
            known_as,
            true,
            links_hash
        from lent_{{ id_type }}
    {% endfor %}
)

select * from final
