with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        id_type_a,
        id_a,
        id_type_b,
        id_b,
        is_late
    from {{ ref('ai_impact', 'base_identity_links') }}
    where row_status = 'accepted'
)

select * from final
