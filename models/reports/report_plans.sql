{#- How long the next experiment on each metric takes, and what it can detect in 8, 10 and 12 weeks. -#}
with plans as (
    select * from {{ ref('experiment_plan') }}
),

experiments as (
    select * from {{ ref('experiments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

final as (
    select
        plans.plan_key as report_key,
        plans.experiment_id,
        coalesce(experiments.name, plans.experiment_id) as experiment,
        experiments.use_case_id,
        coalesce(use_cases.name, experiments.use_case_id) as use_case,
        experiments.unit_type,
        plans.metric_id,
        coalesce(metrics.name, plans.metric_id) as metric,
        plans.metric_id = experiments.primary_metric_id as is_primary,
        plans.scale,
        plans.weeks,
        plans.baseline_mean,
        plans.treatment_share,
        plans.units_per_week,
        plans.units,
        plans.effect,
        plans.sample_size,
        plans.sample_size_adjusted,
        plans.weeks_needed,
        plans.weeks_needed_adjusted,
        plans.detectable_effect,
        plans.detectable_effect_adjusted,
        -- The smallest effect as a share of the level now, so that metrics can be compared.
        case
            when plans.scale = 'relative' then plans.detectable_effect_adjusted
            else {{ ai_impact.safe_divide('plans.detectable_effect_adjusted', 'abs(plans.baseline_mean)') }}
        end as detectable_share,
        plans.alpha,
        plans.power,
        plans.baseline_source,
        plans.detectable_effect_adjusted is not null as is_shown,
        plans.reason
    from plans
    left join experiments on plans.experiment_id = experiments.experiment_id
    left join metrics on plans.metric_id = metrics.metric_id
    left join use_cases on experiments.use_case_id = use_cases.use_case_id
)

select * from final
