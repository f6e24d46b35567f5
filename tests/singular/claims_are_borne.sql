-- No claim without a grade and an interval, no grade A without a registration, no gain whose guardrail worsened, no cause below
-- grade C, none that is proven on less than a randomised comparison, or without a word on guardrails that are not known.
with claims as (
    select * from {{ ref('impact_claims') }}
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
    or (
        verdict = 'proven'
        and guardrail_status = 'unknown'
        and sentence not like '%Its guardrails are not shown to hold.%'
    )
