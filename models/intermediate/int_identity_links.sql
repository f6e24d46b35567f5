{%- set kind_a, kind_b = ai_impact.entity_kind('links.id_type_a'), ai_impact.entity_kind('links.id_type_b') -%}
{%- set identity_rule = local_md5(ai_impact.id_type_rank('id_type') ~ var('identity_max_component')) %}
with links as (
    select * from {{ ref('ai_impact', 'stg_identity_links') }}
),

nodes as (
    {% for this, other in [('a', 'b'), ('b', 'a')] %}
        select
            id_type_{{ this }} as id_type,
            id_{{ this }} as id,
            id_type_{{ other }} as other_type,
            id_{{ other }} as other_id
        from links
        {{ 'union all' if not loop.last }}
    {% endfor %}
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

judged as (
    select
        links.event_key,
        links.id_type_a,
        links.id_a,
        links.id_type_b,
        links.id_b,
        {{ kind_a }} as entity_kind,
        links.occurred_at,
        links.received_at,
        case
            when {{ kind_a }} is null or {{ kind_b }} is null then 'unknown_id_type'
            when {{ kind_a }} <> {{ kind_b }} then 'across_kinds'
            when shared_a.id is not null or shared_b.id is not null then 'shared_identifier'
            else 'usable'
        end as link_status
    from links
    left join shared_identifiers as shared_a on links.id_type_a = shared_a.id_type and links.id_a = shared_a.id
    left join shared_identifiers as shared_b on links.id_type_b = shared_b.id_type and links.id_b = shared_b.id
),

-- What identities follow from. As long as it is the same, they are.
hashed as (
    select
        {{ ai_impact.input_hash([
            'id_type_a', 'id_a', 'id_type_b', 'id_b', 'entity_kind', 'received_at', "'" ~ identity_rule ~ "'"
        ]) }} as links_hash
    from judged
    where link_status = 'usable'
),

final as (
    select
        judged.*,
        coalesce(hashed.links_hash, 0) as links_hash
    from judged
    cross join hashed
)

select * from final
