{%- set is_person_first = ai_impact.entity_kind('id_type_a') ~ " = 'person'" -%}
with links as (
    select * from {{ ref('ai_impact', 'int_identity_links') }}
    where link_status = 'across_kinds'
),

identities as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

pairs as (
    select
        case when {{ is_person_first }} then id_type_a else id_type_b end as person_type,
        case when {{ is_person_first }} then id_a else id_b end as person,
        case when {{ is_person_first }} then id_type_b else id_type_a end as account_type,
        case when {{ is_person_first }} then id_b else id_a end as account,
        occurred_at
    from links
),

resolved as (
    select
        coalesce(persons.entity_id, {{ ai_impact.entity_id('pairs.person_type', 'pairs.person') }}) as person_id,
        coalesce(accounts.entity_id, {{ ai_impact.unlinked_entity_id('pairs.account_type', 'pairs.account') }})
            as account_id,
        pairs.occurred_at
    from pairs
    left join identities as persons on pairs.person_type = persons.id_type and pairs.person = persons.id
    left join identities as accounts on pairs.account_type = accounts.id_type and pairs.account = accounts.id
),

-- Who belongs to several accounts counts for the one that was known first, so that no touch counts twice.
ranked as (
    select
        *,
        row_number() over (partition by person_id order by occurred_at, account_id) as position
    from resolved
    where person_id is not null and account_id is not null
),

final as (
    select
        person_id,
        account_id
    from ranked
    where position = 1
)

select * from final
