{#- One row per decision. Of what several of its events say, the last said counts; the outcome observed last is the
    outcome, and how many different ones there were is counted. -#}
{%- set order = [ai_impact.event_order('occurred_at', 'event_key')] -%}
with decision_events as (
    select * from {{ ref('ai_impact', 'stg_decision_events') }}
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

folded as (
    select
        decision_id,
        {% for column in [
            'use_case_id', 'decision_type', 'subject_type', 'subject_id', 'ai_recommendation', 'ai_confidence',
            'reviewer_id', 'requires_sign_off', 'signed_off', 'evidence_count', 'has_sources', 'has_confidence',
            'has_rationale', 'final_choice', 'predicted_value'
        ] -%}
            {{ ai_impact.latest(column, order) }} as {{ column }},
        {% endfor -%}
        {{ ai_impact.latest("case when event_type = 'decided' then human_action end", order) }} as human_action,
        {{ ai_impact.latest("case when event_type = 'outcome_observed' then outcome_label end", order) }}
            as outcome_label,
        {{ ai_impact.latest("case when event_type = 'outcome_observed' then outcome_value end", order) }}
            as outcome_value,
        {{ ai_impact.exact_sum('review_minutes') }} as review_minutes,
        min(case when event_type = 'proposed' then occurred_at end) as proposed_at,
        min(case when event_type = 'decided' then occurred_at end) as decided_at,
        max(case when event_type = 'outcome_observed' then occurred_at end) as outcome_at,
        count(distinct case when event_type = 'outcome_observed' then outcome_label end) as outcome_labels
    from decision_events
    group by decision_id
),

final as (
    select
        folded.decision_id,
        folded.use_case_id,
        folded.decision_type,
        folded.subject_type,
        folded.subject_id,
        case
            when {{ ai_impact.entity_kind('folded.subject_type') }} = 'account'
                then coalesce(accounts.known_as, folded.subject_id)
        end as account_id,
        folded.ai_recommendation,
        folded.ai_confidence,
        folded.human_action,
        case
            when folded.reviewer_id is not null
                then coalesce(people.entity_id, {{ ai_impact.entity_id("'person'", 'folded.reviewer_id') }})
        end as person_id,
        folded.requires_sign_off,
        folded.signed_off,
        folded.review_minutes,
        folded.evidence_count,
        folded.has_sources,
        folded.has_confidence,
        folded.has_rationale,
        folded.final_choice,
        folded.predicted_value,
        folded.proposed_at,
        folded.decided_at,
        folded.outcome_at,
        folded.outcome_label,
        folded.outcome_value,
        folded.outcome_labels,
        case
            when folded.human_action in ('modified', 'rejected', 'escalated') then true
            when folded.human_action = 'accepted' then false
        end as is_overridden,
        case folded.outcome_label when 'success' then 1 when 'failure' then 0 end as is_success
    from folded
    left join known_ids as people on people.id_type = 'person' and folded.reviewer_id = people.id
    left join known_ids as accounts on folded.subject_type = accounts.id_type and folded.subject_id = accounts.id
)

select * from final
