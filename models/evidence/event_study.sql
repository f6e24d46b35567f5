with points as (
    select * from {{ ref('ai_impact', 'design_event_study') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

-- The effect over all periods less the others is that of one: so all are hidden where one is.
judged as (
    select
        points.*,
        max(case when {{ ai_impact.is_below_k('experiments', 'points') }} then 1 else 0 end) over (
            partition by points.experiment_id, points.metric_id
        ) = 1 as is_below_k
    from points
    left join experiments on points.experiment_id = experiments.experiment_id
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'relative_period']) }} as event_study_key,
        experiment_id,
        metric_id,
        relative_period,
        is_pre_period,
        {{ ai_impact.mask_small_groups(
            ['estimate', 'std_error', 'ci_low', 'ci_high', 'band_low', 'band_high', 'p_value'], 'judged'
        ) }},
        n_treatment,
        n_control,
        alpha,
        {{ ai_impact.reason_of_few_people('judged') }} as reason
    from judged
)

select * from final
