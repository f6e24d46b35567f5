{{ config(group='decisions') }}
-- No gain is in the return whose claim does not show it or whose guardrail worsened, no effect of an experiment that
-- still runs; and no experiment pays another use case than that of its registration.
with effects as (
    select
        *,
        case when direction = 'down' then estimate < 0 else estimate > 0 end as is_gain
    from {{ ref('ai_impact', 'roi_effects') }}
    where is_counted
),

claims as (
    select * from {{ ref('ai_impact', 'impact_claims') }}
    where claim_source = 'experiment'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
)

select
    effects.use_case_id,
    effects.term,
    claims.sentence
from effects
inner join experiments on effects.experiment_id = experiments.experiment_id
left join claims
    on
        effects.experiment_id = claims.experiment_id
        and effects.metric_id = claims.kpi
        and coalesce(effects.treatment_arm, '') = coalesce(claims.treatment_arm, '')
where
    (effects.is_gain and (claims.guardrail_status = 'worsened' or claims.verdict not in ('proven', 'suggestive')))
    or effects.verdict = 'still_running'
    or experiments.use_case_id <> effects.use_case_id
