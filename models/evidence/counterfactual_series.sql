with series_weeks as (
    select * from {{ ref('series_counterfactuals') }}
),

geo_periods as (
    select * from {{ ref('geo_counterfactuals') }}
),

weeks as (
    select * from series_weeks
    union all
    select * from geo_periods
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
    from weeks
)

select * from final
