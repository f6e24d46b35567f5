with rejected as (
    {% for name in ai_impact.source_names() %}
        select
            '{{ name }}' as source,
            event_key,
            received_at,
            load_day,
            reason,
            reason_column,
            original_row
        from {{ ref('ai_impact', 'base_' ~ name) }}
        where row_status = 'quarantined'
        {{ 'union all' if not loop.last }}
    {% endfor %}
    union all
    select
        'identity_links' as source,
        base.event_key,
        base.received_at,
        base.load_day,
        case when links.link_status = 'usable' then 'oversized_component' else links.link_status end as reason,
        'id_a' as reason_column,
        {{ ai_impact.json_object({
            'id_type_a': 'base.id_type_a', 'id_a': 'base.id_a', 'id_type_b': 'base.id_type_b', 'id_b': 'base.id_b'
        }) }} as original_row
    from {{ ref('ai_impact', 'int_identity_links') }} as links
    inner join {{ ref('ai_impact', 'base_identity_links') }} as base
        on links.event_key = base.event_key and base.row_status = 'accepted'
    left join {{ ref('ai_impact', 'int_identities') }} as identities
        on links.id_type_a = identities.id_type and links.id_a = identities.id
    where
        links.link_status in ('shared_identifier', 'unknown_id_type')
        or (links.link_status = 'usable' and identities.is_absurd)
),

final as (
    select
        {{ ai_impact.hash_key(['source', 'event_key', 'reason', 'original_row']) }} as quarantine_key,
        rejected.*
    from rejected
)

select * from final
