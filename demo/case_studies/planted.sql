-- What both case studies read: each effect planted in the demo company beside its headline estimate. Only the demo
-- knows the truth, so this is no model.
create or replace temporary view planted_effects as
select
    truth.experiment_id,
    truth.metric_id,
    truth.scale,
    truth.true_value,
    estimates.estimate,
    estimates.ci_low,
    estimates.ci_high,
    estimates.mean_control,
    estimates.mean_treatment,
    estimates.evidence_grade,
    estimates.method,
    estimates.reason
from raw.demo_truth as truth
left join impact_estimates as estimates
    on
        truth.experiment_id = estimates.experiment_id
        and truth.metric_id = estimates.metric_id
        and truth.scale = estimates.scale
        and estimates.segment = 'all'
where truth.estimand in ('ate', 'att')
qualify row_number() over (
    partition by truth.experiment_id, truth.metric_id, truth.scale
    order by estimates.is_headline desc nulls last, estimates.method_place
) = 1;
