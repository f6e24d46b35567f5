{#- How long the next experiment on each metric takes, and what it can detect in 8, 10 and 12 weeks. -#}
with {{ ai_impact.imports(['experiment_plan', 'experiments', 'int_metric_catalog', 'dim_use_cases']) }},

final as (
    select
        experiment_plan.plan_key as report_key,
        {{ ai_impact.columns('experiment_plan', [
            'experiment_id', 'metric_id', 'scale', 'weeks', 'baseline_mean', 'treatment_share', 'units_per_week', 'units', 'effect',
            'sample_size', 'sample_size_adjusted', 'weeks_needed', 'weeks_needed_adjusted', 'detectable_effect',
            'detectable_effect_adjusted', 'alpha', 'power', 'baseline_source', 'reason'
        ]) }},
        {{ ai_impact.columns('experiments', ['use_case_id', 'unit_type']) }},
        coalesce(dim_use_cases.name, experiments.use_case_id) as use_case,
        {{ ai_impact.named('experiment_plan', ['experiment', 'metric']) }},
        experiment_plan.metric_id = experiments.primary_metric_id as is_primary,
        -- The smallest effect as a share of the level now, so that metrics can be compared.
        {{ ai_impact.safe_divide(
            'experiment_plan.detectable_effect_adjusted',
            "case when experiment_plan.scale = 'relative' then 1 else abs(experiment_plan.baseline_mean) end"
        ) }} as detectable_share,
        experiment_plan.detectable_effect_adjusted is not null as is_shown,
        loads.as_of
    from experiment_plan
    left join experiments on experiment_plan.experiment_id = experiments.experiment_id
    left join int_metric_catalog on experiment_plan.metric_id = int_metric_catalog.metric_id
    left join dim_use_cases on experiments.use_case_id = dim_use_cases.use_case_id
    cross join loads
)

select * from final
