with steps as (
    select decisions.*, 'proposed' as event_type, proposed_at as occurred_at, '' as version from decisions
    union all
    select decisions.*, 'decided', decided_at, '' from decisions
    union all
    select decisions.*, 'outcome_observed', outcome_at, '' from decisions
    union all
    -- Told too early, and wrongly.
    select decisions.* replace (not is_success as is_success, 0 as outcome_value), 'outcome_observed', plus_hours(outcome_at, -20), ':early'
    from decisions where use_case_id = 'account_outreach' and u('contradicted', decision_id) < $contradicted
)
select
    decision_id || ':' || event_type || version as event_id,
    'decision_log' as source,
    occurred_at,
    event_type,
    decision_id,
    use_case_id,
    decision_type,
    'account' as subject_type,
    account_id as subject_id,
    ai_recommendation,
    round(greatest(0.02, least(0.98, chance + $confidence_bias + 0.05 * z('ai confidence', decision_id))), 3) as ai_confidence,
    if(event_type = 'decided', human_action, null) as human_action,
    if(event_type = 'decided' and has_human, 'p-marketing_strategy-' || draw('reviewer', decision_id, 9), null) as reviewer_id,
    requires_sign_off,
    if(event_type = 'decided', has_human and (not requires_sign_off or u('signed', decision_id) < 0.96), null) as signed_off,
    if(event_type = 'decided' and has_human, round(14 * lognormal('decision review', decision_id, 0.5), 2), null) as review_minutes,
    if(event_type = 'proposed', draw('evidence', decision_id, 6), null) as evidence_count,
    if(event_type = 'proposed', u('has sources', decision_id) < 0.86, null) as has_sources,
    if(event_type = 'proposed', u('has confidence', decision_id) < 0.94, null) as has_confidence,
    if(event_type = 'proposed', u('has rationale', decision_id) < 0.80, null) as has_rationale,
    if(event_type = 'decided', if(human_action in ('modified', 'rejected'), 'message_H', ai_recommendation), null) as final_choice,
    if(event_type = 'proposed', round(8000 * lognormal('predicted', decision_id, 0.6), 2), null) as predicted_value,
    if(event_type = 'outcome_observed', if(is_success, 'success', 'failure'), null) as outcome_label,
    if(event_type = 'outcome_observed', outcome_value, null) as outcome_value
from steps
