-- The floor of the benchmark: what a careful person would write by hand for DuckDB, with no quarantine, no reconciliation and no
-- increments: type every column, keep the first received row of every key, write the same columns.

create or replace table floor.task_events as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    event_type,
    task_id,
    use_case_id,
    actor_id,
    actor_kind,
    team_id,
    subject_type,
    subject_id,
    execution_mode,
    try_cast(is_eligible as boolean) as is_eligible,
    complexity,
    try_cast(human_minutes as double) as human_minutes,
    try_cast(baseline_minutes as double) as baseline_minutes,
    baseline_source
from raw.task_events
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.ai_events as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    event_type,
    task_id,
    use_case_id,
    trace_id,
    span_id,
    operation_name,
    provider_name,
    request_model,
    response_model,
    agent_version,
    prompt_version,
    prompt_hash,
    try_cast(input_tokens as bigint) as input_tokens,
    try_cast(output_tokens as bigint) as output_tokens,
    try_cast(latency_ms as double) as latency_ms,
    try_cast(time_to_first_chunk_ms as double) as time_to_first_chunk_ms,
    status,
    error_type,
    try_cast(confidence as double) as confidence,
    try_cast(edit_ratio as double) as edit_ratio,
    try_cast(cost_amount as double) as cost_amount,
    cost_currency
from raw.ai_events
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.decision_events as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    event_type,
    decision_id,
    use_case_id,
    decision_type,
    subject_type,
    subject_id,
    ai_recommendation,
    try_cast(ai_confidence as double) as ai_confidence,
    human_action,
    reviewer_id,
    try_cast(requires_sign_off as boolean) as requires_sign_off,
    try_cast(signed_off as boolean) as signed_off,
    try_cast(review_minutes as double) as review_minutes,
    try_cast(evidence_count as bigint) as evidence_count,
    try_cast(has_sources as boolean) as has_sources,
    try_cast(has_confidence as boolean) as has_confidence,
    try_cast(has_rationale as boolean) as has_rationale,
    final_choice,
    try_cast(predicted_value as double) as predicted_value,
    outcome_label,
    try_cast(outcome_value as double) as outcome_value
from raw.decision_events
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.evaluations as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    target_type,
    target_id,
    criterion,
    try_cast(score as double) as score,
    try_cast(scale_min as double) as scale_min,
    try_cast(scale_max as double) as scale_max,
    label,
    evaluator_type,
    evaluator_id,
    rubric_version,
    try_cast(is_blinded as boolean) as is_blinded
from raw.evaluations
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.assignments as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    experiment_id,
    unit_type,
    unit_id,
    arm,
    try_cast(assigned_at as timestamp) as assigned_at,
    try_cast(exposed_at as timestamp) as exposed_at,
    assignment_method,
    stratum
from raw.assignments
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.touches as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    visitor_id,
    channel,
    campaign,
    try_cast(cost_amount as double) as cost_amount,
    try_cast(is_ai_generated as boolean) as is_ai_generated,
    use_case_id
from raw.touches
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.outcome_events as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    unit_type,
    unit_id,
    name,
    try_cast(value as double) as value,
    currency
from raw.outcome_events
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.survey_responses as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    instrument,
    respondent_hash,
    account_id,
    try_cast(score as double) as score,
    try_cast(scale_min as double) as scale_min,
    try_cast(scale_max as double) as scale_max
from raw.survey_responses
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.market_signals as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    series,
    try_cast(week as date) as week,
    try_cast(value as double) as value,
    try_cast(is_covariate as boolean) as is_covariate
from raw.market_signals
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.identity_links as
select
    event_id,
    source,
    try_cast(occurred_at as timestamp) as occurred_at,
    try_cast(received_at as timestamp) as received_at,
    id_type_a,
    id_a,
    id_type_b,
    id_b
from raw.identity_links
qualify row_number() over (partition by source, event_id order by received_at) = 1;

create or replace table floor.unit_covariates as
select
    unit_type,
    unit_id,
    name,
    try_cast(value_number as double) as value_number,
    value_text,
    try_cast(observed_at as timestamp) as observed_at,
    try_cast(updated_at as timestamp) as updated_at,
    try_cast(received_at as timestamp) as received_at,
    try_cast(is_deleted as boolean) as is_deleted
from raw.unit_covariates
qualify row_number() over (partition by unit_type, unit_id, name, updated_at order by received_at) = 1;

create or replace table floor.opportunities as
select
    opportunity_id,
    account_id,
    try_cast(amount as double) as amount,
    currency,
    stage,
    try_cast(created_at as timestamp) as created_at,
    try_cast(closed_at as timestamp) as closed_at,
    try_cast(is_closed as boolean) as is_closed,
    try_cast(is_won as boolean) as is_won,
    owner_id,
    try_cast(updated_at as timestamp) as updated_at,
    try_cast(received_at as timestamp) as received_at,
    try_cast(is_deleted as boolean) as is_deleted
from raw.opportunities
qualify row_number() over (partition by opportunity_id, updated_at order by received_at) = 1;

create or replace table floor.incidents as
select
    incident_id,
    service_id,
    team_id,
    severity,
    try_cast(opened_at as timestamp) as opened_at,
    try_cast(acknowledged_at as timestamp) as acknowledged_at,
    try_cast(resolved_at as timestamp) as resolved_at,
    try_cast(is_false_positive as boolean) as is_false_positive,
    try_cast(impact_started_at as timestamp) as impact_started_at,
    try_cast(impact_ended_at as timestamp) as impact_ended_at,
    try_cast(cost_amount as double) as cost_amount,
    try_cast(updated_at as timestamp) as updated_at,
    try_cast(received_at as timestamp) as received_at,
    try_cast(is_deleted as boolean) as is_deleted
from raw.incidents
qualify row_number() over (partition by incident_id, updated_at order by received_at) = 1;

create or replace table floor.requisitions as
select
    requisition_id,
    team_id,
    try_cast(opened_at as timestamp) as opened_at,
    try_cast(filled_at as timestamp) as filled_at,
    try_cast(started_at as timestamp) as started_at,
    try_cast(is_ai_screened as boolean) as is_ai_screened,
    try_cast(interviewer_rating as double) as interviewer_rating,
    try_cast(performance_rating as double) as performance_rating,
    try_cast(retained_days as bigint) as retained_days,
    status,
    try_cast(updated_at as timestamp) as updated_at,
    try_cast(received_at as timestamp) as received_at,
    try_cast(is_deleted as boolean) as is_deleted
from raw.requisitions
qualify row_number() over (partition by requisition_id, updated_at order by received_at) = 1;

create or replace table floor.cost_records as
select
    charge_id,
    use_case_id,
    cost_type,
    service_name,
    try_cast(charge_period_start as timestamp) as charge_period_start,
    try_cast(charge_period_end as timestamp) as charge_period_end,
    try_cast(billed_cost as double) as billed_cost,
    try_cast(effective_cost as double) as effective_cost,
    billing_currency,
    try_cast(updated_at as timestamp) as updated_at,
    try_cast(received_at as timestamp) as received_at,
    try_cast(is_deleted as boolean) as is_deleted
from raw.cost_records
qualify row_number() over (partition by charge_id, updated_at order by received_at) = 1;
