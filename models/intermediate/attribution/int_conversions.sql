{%- set wanted = var('attribution_conversions') -%}
with outcome_events as (
    select * from {{ ref('ai_impact', 'stg_outcome_events') }}
    where name in ({{ ai_impact.quoted(wanted) }})
),

opportunities as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
    where
        is_won
        and closed_at is not null
        and {{ 'true' if 'deal_won' in wanted else 'false' }}
),

identities as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

person_accounts as (
    select * from {{ ref('ai_impact', 'int_person_accounts') }}
),

converted as (
    select
        event_key as conversion_key,
        name as conversion_name,
        unit_type,
        unit_id,
        occurred_at as converted_at,
        value_reported as revenue,
        value_reported is null and (value is not null or currency <> '') as is_revenue_unknown
    from outcome_events
    union all
    select
        event_key as conversion_key,
        'deal_won' as conversion_name,
        'account' as unit_type,
        account_id as unit_id,
        closed_at as converted_at,
        amount_reported as revenue,
        amount_reported is null as is_revenue_unknown
    from opportunities
),

resolved as (
    select
        converted.*,
        coalesce(
            identities.entity_id, {{ ai_impact.unlinked_entity_id('converted.unit_type', 'converted.unit_id') }}
        ) as entity_id
    from converted
    left join identities
        on
            converted.unit_type = identities.id_type
            and converted.unit_id = identities.id
),

-- A conversion whose money has no rate, or a deal without an amount, counts; its revenue is not known. One that carries
-- no money has none.
final as (
    select
        resolved.conversion_key,
        resolved.conversion_name,
        coalesce(person_accounts.account_id, resolved.entity_id) as journey_id,
        resolved.converted_at,
        cast({{ ai_impact.month_of('resolved.converted_at') }} as date) as period_start,
        resolved.revenue,
        coalesce(resolved.is_revenue_unknown, false) as is_revenue_unknown
    from resolved
    left join person_accounts on resolved.entity_id = person_accounts.person_id
)

select * from final
