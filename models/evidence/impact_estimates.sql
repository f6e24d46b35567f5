with estimates as (
    select * from {{ ref('experiment_estimates') }}
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm']) }} as estimate_key,
        experiment_id,
        metric_id,
        method,
        segment,
        treatment_arm,
        control_arm,
        metric_role,
        estimand,
        scale,
        estimate,
        std_error,
        ci_low,
        ci_high,
        p_value,
        p_value_adjusted,
        n_treatment,
        n_control,
        mean_treatment,
        mean_control,
        alpha,
        is_primary,
        is_preregistered,
        evidence_grade,
        verdict,
        reason
    from estimates
)

select * from final
