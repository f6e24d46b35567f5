with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        target_type,
        target_id,
        criterion,
        score,
        scale_min,
        scale_max,
        label,
        evaluator_type,
        evaluator_id,
        rubric_version,
        is_blinded,
        is_late
    from {{ ref('ai_impact', 'base_evaluations') }}
    where row_status = 'accepted'
)

select * from final
