with decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
),

final as (
    select
        {{ ai_impact.hash_key(['decision_id']) }} as decision_key,
        decision_id,
        use_case_id,
        decision_type,
        subject_type,
        {{ ai_impact.shown_subject('subject_type', 'coalesce(account_id, subject_id)') }} as subject_id,
        ai_recommendation,
        ai_confidence,
        human_action,
        is_overridden,
        requires_sign_off,
        signed_off,
        review_minutes,
        evidence_count,
        has_sources,
        has_confidence,
        has_rationale,
        final_choice,
        predicted_value,
        proposed_at,
        decided_at,
        outcome_at,
        outcome_label,
        outcome_value,
        outcome_labels
    from decisions
)

select * from final
