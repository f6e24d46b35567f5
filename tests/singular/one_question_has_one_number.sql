{{ config(group='decisions') }}
-- Claims say the estimate that is quoted, one for each that guards nothing, and prove only what it says is better; the return counts the
-- headline in the metric's unit.
with estimates as (
    select
        *,
        coalesce(treatment_arm, '') as arm
    from {{ ref('ai_impact', 'impact_estimates') }}
    where segment = 'all'
),

quoted as (
    select * from estimates
    where is_quoted and metric_role <> 'guardrail'
),

claims as (
    select
        *,
        coalesce(treatment_arm, '') as arm
    from {{ ref('ai_impact', 'impact_claims') }}
    where claim_source = 'experiment'
),

candidates as (
    select
        *,
        coalesce(treatment_arm, '') as arm
    from {{ ref('ai_impact', 'roi_candidates') }}
    where estimate is not null
),

claimed as (
    select
        'impact_claims' as reader,
        coalesce(claims.experiment_id, quoted.experiment_id) as experiment_id,
        coalesce(claims.kpi, quoted.metric_id) as metric_id
    from quoted
    full outer join claims
        on
            quoted.experiment_id = claims.experiment_id
            and quoted.metric_id = claims.kpi
            and quoted.arm = claims.arm
    where
        quoted.method is null
        or claims.method is null
        or quoted.method <> claims.method
        or quoted.scale <> claims.scale
        or quoted.estimate <> claims.estimate
        or quoted.ci_low <> claims.ci_low
        or quoted.ci_high <> claims.ci_high
        or quoted.evidence_grade <> claims.evidence_grade
        or (claims.verdict = 'proven' and quoted.verdict <> 'improved')
),

returned as (
    select
        'roi_candidates' as reader,
        candidates.experiment_id,
        candidates.metric_id
    from candidates
    left join estimates
        on
            candidates.experiment_id = estimates.experiment_id
            and candidates.metric_id = estimates.metric_id
            and candidates.arm = estimates.arm
            and estimates.is_headline
            and estimates.scale = 'absolute'
    where
        estimates.method is null
        or candidates.method <> estimates.method
        or candidates.estimate <> estimates.estimate
        or candidates.ci_low <> estimates.ci_low
        or candidates.ci_high <> estimates.ci_high
)

select * from claimed
union all
select * from returned
