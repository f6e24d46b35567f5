{#- The worsened guardrails of each term: those registered, and that of the KPI of the same name; as quoted. -#}
with candidates as (
    select * from {{ ref('ai_impact', 'roi_candidates') }}
),

estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
    where is_quoted and segment = 'all'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_metric_catalog') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

final as (
    select
        candidates.roi_effect_key,
        {{ ai_impact.joined_sorted('estimates.metric_id', ', ') }} as worsened
    from candidates
    inner join experiments on candidates.experiment_id = experiments.experiment_id
    inner join estimates
        on
            candidates.experiment_id = estimates.experiment_id
            and coalesce(candidates.treatment_arm, '') = coalesce(estimates.treatment_arm, '')
            and candidates.metric_id <> estimates.metric_id
    left join metrics on estimates.metric_id = metrics.metric_id
    left join catalog on candidates.metric_id = catalog.kpi_id
    where
        (
            {{ ai_impact.in_list('estimates.metric_id', 'experiments.guardrail_metric_ids') }}
            or estimates.metric_id = catalog.guarded_by
        )
        and (
            estimates.verdict = 'worsened'
            or estimates.evidence_grade not in ('A', 'B', 'C')
            and case when metrics.direction = 'down' then estimates.ci_low > 0 else estimates.ci_high < 0 end
        )
    group by candidates.roi_effect_key
)

select * from final
