{#- Go back to the version before: where one exists, the new one is worse by an interval that leaves out 0 at every
    look, and an objective that the model answers for burns under it. One row for each such change there ever was. -#}
with drift as (
    select * from {{ ref('ai_impact', 'model_drift') }}
    where change_kind = 'new_version' and is_worse
),

changes as (
    select * from {{ ref('ai_impact', 'int_version_changes') }}
),

hourly as (
    select * from {{ ref('ai_impact', 'int_indicators_hourly') }}
),

targets as (
    select * from {{ ref('ai_impact', 'slo_targets') }}
),

observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
),

decision_events as (
    select * from {{ ref('ai_impact', 'stg_decision_events') }}
    where decision_type = 'rollback' and event_type = 'decided'
),

{{ ai_impact.rollback_evidence() }},

final as (
    select
        worst.change_key as recommendation_key,
        worst.use_case_id,
        burning.indicator,
        observed.observed_until_hour as as_of,
        worst.version_kind,
        worst.version,
        worst.previous_version as recommended_version,
        worst.changed_at,
        burning.known_at as recommended_at,
        case
            when not worst.is_in_use then 'closed'
            when acknowledged.subject_id is not null then 'acknowledged'
            else 'open'
        end as state,
        acknowledged.acknowledged_at,
        acknowledged.human_action as acknowledged_as,
        worst.drift_key,
        worst.metric,
        worst.n_worse as n_worse_metrics,
        worst.reference_value,
        worst.current_value,
        worst.every_look_low,
        worst.every_look_high,
        burning.objective,
        cast(burning.n_events as bigint) as n_events,
        cast(burning.n_bad as bigint) as n_bad_events,
        burning.burn_rate,
        burning.budget_policy,
        'Go back to ' || worst.previous_version || ' in ' || worst.use_case_id || ': with ' || worst.version || ' '
        || worst.metric || ' went from ' || {{ ai_impact.rounded_text('worst.reference_value', 3) }} || ' to '
        || {{ ai_impact.rounded_text('worst.current_value', 3) }} || ', and ' || burning.indicator
        || ' burnt its budget ' || {{ ai_impact.rounded_text('burning.burn_rate', 1) }}
        || ' times as fast as the objective allows.' as sentence
    from worst
    inner join burning on worst.change_key = burning.change_key and burning.place = 1
    cross join observed
    left join acknowledged on worst.change_key = acknowledged.subject_id
    where worst.place = 1
)

select * from final
