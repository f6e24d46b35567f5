with {{ ai_impact.imports([
    'experiments', 'dim_use_cases', 'int_metric_catalog', 'report_effects', 'impact_claims', 'experiment_health'
]) }},

claims as (
    select
        experiment_id,
        min(registration) as registration,
        min(stale_since) as stale_since
    from impact_claims
    where claim_source = 'experiment'
    group by experiment_id
),

checks as (
    {{ ai_impact.counted_checks() }}
),

final as (
    select
        {{ ai_impact.columns('experiments', [
            'experiment_id', 'use_case_id', 'hypothesis', 'design', 'unit_type', 'primary_metric_id', 'expected_split',
            'registered_at', 'starts_at', 'ends_at', 'alpha', 'power', 'minimum_detectable_effect'
        ]) }},
        {{ ai_impact.named('experiments', ['use_case']) }},
        experiments.name as experiment,
        {{ ai_impact.design_name('experiments.design') }} as design_name,
        {{ ai_impact.words('experiments', ['control_arm', 'treatment_arm']) }},
        coalesce(int_metric_catalog.name, experiments.primary_metric_id) as primary_metric,
        {{ ai_impact.columns('claims', ['registration', 'stale_since']) }},
        {{ ai_impact.columns('checks', ['checks_passed', 'checks_failed', 'checks_unknown']) }},
        {{ ai_impact.columns('report_effects', [
            'scale', 'estimate', 'ci_low', 'ci_high', 'n_treatment', 'n_control', 'method_name', 'evidence_grade', 'finding', 'reason'
        ]) }},
        report_effects.estimate is not null as is_shown,
        loads.as_of
    from experiments
    left join dim_use_cases on experiments.use_case_id = dim_use_cases.use_case_id
    left join int_metric_catalog on experiments.primary_metric_id = int_metric_catalog.metric_id
    left join report_effects
        on
            experiments.experiment_id = report_effects.experiment_id and report_effects.is_primary
            and report_effects.place is not null and report_effects.treatment_place = 1
    left join claims on experiments.experiment_id = claims.experiment_id
    left join checks on experiments.experiment_id = checks.experiment_id
    cross join loads
)

select * from final
