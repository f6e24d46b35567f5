with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        event_type,
        decision_id,
        use_case_id,
        decision_type,
        subject_type,
        subject_id,
        ai_recommendation,
        ai_confidence,
        human_action,
        reviewer_id,
        requires_sign_off,
        signed_off,
        review_minutes,
        evidence_count,
        has_sources,
        has_confidence,
        has_rationale,
        final_choice,
        predicted_value,
        outcome_label,
        outcome_value,
        is_late
    from {{ ref('ai_impact', 'base_decision_events') }}
    where row_status = 'accepted'
)

select * from final
