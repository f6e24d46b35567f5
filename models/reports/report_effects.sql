{#- Every estimate as a board shows it; `place` is the order of those that are quoted, the strongest first. -#}
with estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_metric_catalog') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
),

claims as (
    select * from {{ ref('ai_impact', 'impact_claims') }}
    where claim_source = 'experiment'
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('ai_impact', 'event_reconciliation') }}
),

-- What makes one result of an experiment stale makes all of them stale: it is the version of its AI.
staleness as (
    select
        experiment_id,
        min(stale_since) as stale_since
    from claims
    group by experiment_id
),

named as (
    select
        estimates.*,
        coalesce(experiments.name, estimates.experiment_id) as experiment,
        coalesce(metrics.name, estimates.metric_id) as metric,
        coalesce(metrics.phrase, metrics.name, estimates.metric_id) as phrase,
        metrics.direction,
        experiments.use_case_id,
        coalesce(use_cases.name, experiments.use_case_id) as use_case,
        staleness.stale_since,
        estimates.is_quoted and estimates.segment = 'all' and estimates.estimate is not null as is_listed
    from estimates
    left join experiments on estimates.experiment_id = experiments.experiment_id
    left join metrics on estimates.metric_id = metrics.metric_id
    left join use_cases on experiments.use_case_id = use_cases.use_case_id
    left join staleness on estimates.experiment_id = staleness.experiment_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by is_listed
            order by
                evidence_grade, case when ci_low <= 0 and ci_high >= 0 then 1 else 0 end,
                case when is_primary then 0 else 1 end,
                {{ ai_impact.safe_divide('abs(estimate)', 'ci_high - ci_low') }} desc, metric, experiment, treatment_arm
        ) as listed,
        row_number() over (
            partition by is_listed, experiment_id, metric_id order by treatment_arm, estimate_key
        ) as treatment_place
    from named
),

final as (
    select
        ranked.estimate_key as report_key,
        cast(case when ranked.is_listed then ranked.listed end as bigint) as place,
        cast(ranked.treatment_place as bigint) as treatment_place,
        ranked.experiment_id,
        ranked.experiment,
        ranked.use_case_id,
        ranked.use_case,
        ranked.metric_id,
        ranked.metric,
        ranked.phrase,
        ranked.metric_role,
        ranked.direction,
        ranked.treatment_arm,
        ranked.control_arm,
        ranked.segment,
        case when ranked.segment = 'all' then 'All units' else replace(ranked.segment, '=', ': ') end as segment_name,
        ranked.method,
        ranked.method_name,
        ranked.scale,
        case when ranked.scale = 'relative' then 'share of the level without AI' else 'unit of the metric' end as unit,
        ranked.estimate,
        ranked.ci_low,
        ranked.ci_high,
        ranked.alpha,
        ranked.p_value,
        ranked.p_value_adjusted,
        -- On a scale of factors, where halving and doubling are as far from no change.
        case when ranked.scale = 'relative' and ranked.estimate > -1 then 1 + ranked.estimate end as factor,
        case when ranked.scale = 'relative' and ranked.ci_low > -1 then 1 + ranked.ci_low end as factor_ci_low,
        case when ranked.scale = 'relative' and ranked.ci_high > -1 then 1 + ranked.ci_high end as factor_ci_high,
        ranked.mean_treatment,
        ranked.mean_control,
        ranked.n_treatment,
        ranked.n_control,
        ranked.evidence_grade,
        coalesce(ranked.evidence_grade in ('A', 'B', 'C'), false) as is_for_planning,
        ranked.verdict,
        {{ ai_impact.finding_name('ranked.verdict') }} as finding,
        ranked.is_primary,
        ranked.is_preregistered,
        ranked.is_headline,
        ranked.is_quoted,
        ranked.stale_since is not null as is_stale,
        ranked.stale_since,
        case
            when ranked.heterogeneity_p_value_adjusted is null then 'Not known'
            when ranked.heterogeneity_p_value_adjusted < ranked.alpha then 'Yes'
            else 'No'
        end as segments_differ,
        ranked.estimate is not null as is_shown,
        ranked.reason,
        loads.as_of
    from ranked
    cross join loads
)

select * from final
