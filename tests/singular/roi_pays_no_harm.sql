{{ config(group='decisions') }}
-- No estimate is in the return whose claim says that a guardrail worsened, and none of an experiment that still runs.
with effects as (
    select * from {{ ref('roi_effects') }}
    where is_counted
),

claims as (
    select * from {{ ref('impact_claims') }}
    where claim_source = 'experiment'
)

select
    effects.use_case_id,
    effects.term,
    claims.sentence
from effects
inner join claims
    on
        effects.experiment_id = claims.experiment_id
        and effects.metric_id = claims.kpi
        and coalesce(effects.treatment_arm, '') = coalesce(claims.treatment_arm, '')
where claims.guardrail_status = 'worsened' or effects.verdict = 'still_running'
