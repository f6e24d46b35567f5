with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        experiment_id,
        unit_type,
        unit_id,
        trim(arm) as arm,
        coalesce(assigned_at, occurred_at) as assigned_at,
        assigned_at is null as is_undated,
        exposed_at,
        assignment_method,
        stratum,
        is_late
    from {{ ref('ai_impact', 'base_assignments') }}
    where row_status = 'accepted'
)

select * from final
