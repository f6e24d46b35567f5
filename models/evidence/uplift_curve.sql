with scores as (
    -- A whole number, because engines write a double as a text in different ways.
    select
        *,
        cast(round(100 * share_targeted) as {{ dbt.type_int() }}) as percent_targeted
    from {{ ref('uplift_scores') }}
    where part = 'curve'
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'learner', 'treatment_arm', 'percent_targeted']) }}
            as curve_key,
        experiment_id,
        metric_id,
        learner,
        treatment_arm,
        share_targeted,
        gain,
        gain_ci_low,
        gain_ci_high,
        gain_at_random,
        qini,
        qini_ci_low,
        qini_ci_high,
        auuc,
        policy_share,
        policy_value,
        policy_over_all,
        policy_over_all_ci_low,
        policy_over_all_ci_high,
        reason
    from scores
)

select * from final
