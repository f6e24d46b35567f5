with plans as (
    select * from {{ ref('ai_impact', 'design_plans') }}
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'weeks']) }} as plan_key,
        experiment_id,
        metric_id,
        scale,
        weeks,
        baseline_mean,
        baseline_variance,
        design_effect,
        remaining_variance,
        treatment_share,
        units_per_week,
        alpha,
        power,
        effect,
        sample_size,
        sample_size_adjusted,
        weeks_needed,
        weeks_needed_adjusted,
        units,
        detectable_effect,
        detectable_effect_adjusted,
        baseline_source,
        reason
    from plans
)

select * from final
