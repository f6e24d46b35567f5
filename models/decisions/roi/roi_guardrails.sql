{#- The worsened guardrails of each estimate in the seed roi_terms: those registered by its experiment, and the guardrail of
    the KPI of the same name. As in claims, the relative effect by the headline method counts. -#}
with candidates as (
    select * from {{ ref('roi_candidates') }}
),

estimates as (
    select * from {{ ref('impact_estimates') }}
    where
        segment = 'all'
        and estimate is not null
        and ci_low is not null
        and ci_high is not null
        and evidence_grade is not null
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

ranked as (
    select
        estimates.*,
        metrics.direction,
        row_number() over (
            partition by estimates.experiment_id, estimates.treatment_arm, estimates.metric_id
            order by
                case when estimates.scale = 'relative' then 0 else 1 end,
                estimates.method_place
        ) as place
    from estimates
    left join metrics on estimates.metric_id = metrics.metric_id
),

worse as (
    select * from ranked
    where
        place = 1
        and (
            verdict = 'worsened'
            or (
                evidence_grade not in ('A', 'B', 'C')
                and case when direction = 'down' then ci_low > 0 else ci_high < 0 end
            )
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
