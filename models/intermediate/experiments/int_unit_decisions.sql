{{ config(materialized=ai_impact.view_or_table()) }}

with decision_events as (
    select * from {{ ref('stg_decision_events') }}
),

folded as (
    select
        decision_id,
        max(subject_type) as subject_type,
        max(subject_id) as subject_id,
        min(case when event_type = 'decided' then occurred_at end) as decided_at,
        {{ ai_impact.latest(
            "case when event_type = 'outcome_observed' then outcome_label end",
            [ai_impact.event_order('occurred_at', 'event_key')]
        ) }} as outcome_label
    from decision_events
    group by decision_id
),

-- A success counts at the time of the decision, so that it and its decision fall into the same window.
final as (
    select
        decision_id,
        subject_type,
        subject_id,
        decided_at,
        case outcome_label when 'success' then 1 when 'failure' then 0 end as is_success
    from folded
    where decided_at is not null
)

select * from final
