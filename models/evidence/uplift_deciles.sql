with scores as (
    select * from {{ ref('uplift_scores') }}
    where part = 'decile'
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'learner', 'treatment_arm', 'decile']) }}
            as decile_key,
        experiment_id,
        metric_id,
        learner,
        treatment_arm,
        decile,
        n_treatment,
        n_control,
        predicted,
        observed,
        std_error,
        ci_low,
        ci_high,
        heterogeneity_p_value,
        calibration_slope,
        is_heterogeneous,
        recommendation,
        reason
    from scores
)

select * from final
