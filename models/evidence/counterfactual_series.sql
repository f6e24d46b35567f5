with periods as (
    select * from {{ ref('ai_impact', 'design_counterfactuals') }}
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'week']) }} as counterfactual_key,
        experiment_id,
        metric_id,
        cast(week as date) as week,
        is_after,
        observed,
        expected,
        ci_low,
        ci_high,
        effect,
        cumulative_effect,
        cumulative_ci_low,
        cumulative_ci_high,
        period
    from periods
)

select * from final
