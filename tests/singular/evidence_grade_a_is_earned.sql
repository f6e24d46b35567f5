-- No grade A without registration, or with a check that is not passed. Three checks say nothing about the comparison; balance of
-- covariates need not be known where the past of the metrics is.
select estimates.experiment_id, estimates.metric_id, health.check_id
from {{ ref('ai_impact', 'impact_estimates') }} as estimates
inner join {{ ref('ai_impact', 'experiment_health') }} as health on estimates.experiment_id = health.experiment_id
where estimates.evidence_grade = 'A'
    and health.check_id not in ('dimensions_known', 'methods_agree', 'enrolment')
    and (not estimates.is_preregistered or not coalesce(health.passed, health.check_id = 'pre_period_balance'))
