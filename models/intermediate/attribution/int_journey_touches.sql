with touches as (
    select * from {{ ref('ai_impact', 'stg_touches') }}
    where visitor_id is not null
),

identities as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where id_type = 'visitor'
),

person_accounts as (
    select * from {{ ref('ai_impact', 'int_person_accounts') }}
),

visits as (
    select
        touches.*,
        coalesce(identities.entity_id, {{ ai_impact.entity_id("'visitor'", 'touches.visitor_id') }}) as person_id
    from touches
    left join identities on touches.visitor_id = identities.id
),

-- The people of one account buy together: their touches are one journey.
final as (
    select
        visits.event_key as touch_key,
        coalesce(person_accounts.account_id, visits.person_id) as journey_id,
        visits.occurred_at,
        -- No channel may bear the name of what nothing touched.
        case when visits.channel = '(none)' then 'none' else coalesce(nullif(visits.channel, ''), '(unknown)') end
            as channel,
        coalesce(visits.is_ai_generated, false) as is_ai_generated
    from visits
    left join person_accounts on visits.person_id = person_accounts.person_id
)

select * from final
