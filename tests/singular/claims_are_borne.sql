-- No claim without a grade and an interval, no grade A without a registration, no gain whose guardrail worsened, no cause below
-- grade C; none that is proven on less than a randomised comparison, with guardrails that are not known, or when it is stale; no
-- interval of a fall by more than everything.
with claims as (
    select * from {{ ref('ai_impact', 'impact_claims') }}
)

select
    claim_key,
    sentence
from claims
where
    evidence_grade is null
    or ci_low is null
    or ci_high is null
    or (evidence_grade = 'A' and registration <> 'registered' and verdict <> 'invalid')
    or (guardrail_status = 'worsened' and verdict in ('proven', 'suggestive'))
    or (verdict = 'proven' and evidence_grade not in ('A', 'B'))
    or (is_causal <> (evidence_grade in ('A', 'B', 'C')))
    or (not is_causal and (sentence like '% raised %' or sentence like '% lowered %'))
    or (verdict = 'invalid' and sentence not like 'Do not claim:%')
    or (is_stale and sentence not like '%Stale since%')
    or (verdict = 'proven' and (guardrail_status in ('unknown', 'worsened') or is_stale or registration <> 'registered'))
    or (verdict = 'proven' and claim_source = 'experiment' and p_value_family is null)
    or (p_value_family < p_value)
    or (scale = 'relative' and claim_source = 'experiment' and ci_low < -1)
