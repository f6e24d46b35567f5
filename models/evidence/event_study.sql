with points as (
    select * from {{ ref('rollout_event_study') }}
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'relative_period']) }} as event_study_key,
        experiment_id,
        metric_id,
        relative_period,
        is_pre_period,
        estimate,
        std_error,
        ci_low,
        ci_high,
        band_low,
        band_high,
        p_value,
        n_treatment,
        n_control,
        alpha,
        reason
    from points
)

select * from final
