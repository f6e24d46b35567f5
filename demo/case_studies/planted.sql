-- What both case studies read: each effect planted in the demo company beside its headline estimate, or the reason why
-- there is none. Only the demo knows the truth, so this is no model.
create or replace temporary view planted_effects as
with reasons as (
    select
        experiment_id,
        metric_id,
        scale,
        min(reason) as reason
    from impact_estimates
    where segment = 'all' and estimate is null
    group by experiment_id, metric_id, scale
)

select
    truth.experiment_id,
    truth.metric_id,
    truth.scale,
    truth.true_value,
    headlines.estimate,
    headlines.ci_low,
    headlines.ci_high,
    headlines.mean_control,
    headlines.mean_treatment,
    headlines.evidence_grade,
    headlines.method,
    case when headlines.estimate is null then reasons.reason else headlines.reason end as reason
from raw.demo_truth as truth
left join impact_estimates as headlines
    on
        truth.experiment_id = headlines.experiment_id
        and truth.metric_id = headlines.metric_id
        and truth.scale = headlines.scale
        and headlines.segment = 'all'
        and headlines.is_headline
left join reasons
    on
        truth.experiment_id = reasons.experiment_id
        and truth.metric_id = reasons.metric_id
        and truth.scale = reasons.scale
where truth.estimand in ('ate', 'att');
