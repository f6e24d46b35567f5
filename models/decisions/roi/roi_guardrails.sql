{#- The worsened guardrails of each estimate in the seed roi_terms: those registered by its experiment, and that of the
    KPI of the same name. As in claims, the estimate that is quoted counts. -#}
with candidates as (
    select * from {{ ref('roi_candidates') }}
),

estimates as (
    select * from {{ ref('impact_estimates') }}
    where is_quoted and segment = 'all'
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

worse as (
    select estimates.*
    from estimates
    left join metrics on estimates.metric_id = metrics.metric_id
    where
        estimates.verdict = 'worsened'
        or (
            estimates.evidence_grade not in ('A', 'B', 'C')
            and case when metrics.direction = 'down' then estimates.ci_low > 0 else estimates.ci_high < 0 end
        )
),

final as (
    select
        candidates.roi_effect_key,
        {{ ai_impact.joined_sorted('worse.metric_id', ', ') }} as worsened
    from candidates
    inner join experiments on candidates.experiment_id = experiments.experiment_id
    inner join worse
        on
            candidates.experiment_id = worse.experiment_id
            and coalesce(candidates.treatment_arm, '') = coalesce(worse.treatment_arm, '')
            and candidates.metric_id <> worse.metric_id
    left join catalog on candidates.metric_id = catalog.kpi_id
    where
        {{ ai_impact.in_list('worse.metric_id', 'experiments.guardrail_metric_ids') }}
        or worse.metric_id = catalog.guarded_by
    group by candidates.roi_effect_key
)

select * from final
