{#- One row per registered experiment: what was registered, what its checks say, and what its primary metric says. -#}
with experiments as (
    select * from {{ ref('experiments') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

effects as (
    select * from {{ ref('report_effects') }}
    where place is not null and is_primary and treatment_place = 1
),

claims as (
    select
        experiment_id,
        min(registration) as registration,
        min(stale_since) as stale_since
    from {{ ref('impact_claims') }}
    where claim_source = 'experiment'
    group by experiment_id
),

checks as (
    select
        experiment_id,
        cast(sum(case when passed then 1 else 0 end) as {{ dbt.type_bigint() }}) as checks_passed,
        cast(sum(case when not passed then 1 else 0 end) as {{ dbt.type_bigint() }}) as checks_failed,
        cast(sum(case when passed is null then 1 else 0 end) as {{ dbt.type_bigint() }}) as checks_unknown
    from {{ ref('experiment_health') }}
    group by experiment_id
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

final as (
    select
        experiments.experiment_id,
        experiments.name as experiment,
        experiments.use_case_id,
        coalesce(use_cases.name, experiments.use_case_id) as use_case,
        experiments.hypothesis,
        experiments.design,
        case experiments.design
            when 'rct' then 'randomised'
            when 'did' then 'difference in differences'
            when 'staggered_did' then 'staggered rollout'
            when 'geo' then 'regions'
            when 'matched' then 'matched, by choice'
            when 'time_series' then 'time series'
            else replace(experiments.design, '_', ' ')
        end as design_name,
        experiments.unit_type,
        replace(experiments.control_arm, '_', ' ') as control_arm,
        replace(experiments.treatment_arm, '_', ' ') as treatment_arm,
        experiments.primary_metric_id,
        coalesce(metrics.name, experiments.primary_metric_id) as primary_metric,
        experiments.expected_split,
        experiments.registered_at,
        experiments.starts_at,
        experiments.ends_at,
        experiments.alpha,
        experiments.power,
        experiments.minimum_detectable_effect,
        claims.registration,
        checks.checks_passed,
        checks.checks_failed,
        checks.checks_unknown,
        effects.scale,
        effects.estimate,
        effects.ci_low,
        effects.ci_high,
        effects.n_treatment,
        effects.n_control,
        effects.method_name,
        effects.evidence_grade,
        effects.finding,
        claims.stale_since,
        effects.estimate is not null as is_shown,
        effects.reason,
        loads.as_of
    from experiments
    left join use_cases on experiments.use_case_id = use_cases.use_case_id
    left join metrics on experiments.primary_metric_id = metrics.metric_id
    left join effects on experiments.experiment_id = effects.experiment_id
    left join claims on experiments.experiment_id = claims.experiment_id
    left join checks on experiments.experiment_id = checks.experiment_id
    cross join loads
)

select * from final
