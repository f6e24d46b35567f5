with scores as (
    select * from {{ ref('ai_impact', 'uplift_scores') }}
    where part = 'decile'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

-- All deciles less one are that one: so all are hidden where one is.
judged as (
    select
        scores.*,
        max(case when {{ ai_impact.is_below_k('experiments', 'scores') }} then 1 else 0 end) over (
            partition by scores.experiment_id, scores.metric_id, scores.learner, scores.treatment_arm
        ) = 1 as is_below_k
    from scores
    left join experiments on scores.experiment_id = experiments.experiment_id
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
        {{ ai_impact.mask_small_groups(['predicted', 'observed', 'std_error', 'ci_low', 'ci_high'], 'judged') }},
        heterogeneity_p_value,
        calibration_slope,
        is_heterogeneous,
        recommendation,
        {{ ai_impact.reason_of_few_people('judged') }} as reason
    from judged
)

select * from final
