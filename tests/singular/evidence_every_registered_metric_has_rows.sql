{{ config(group='evidence') }}
-- Nothing that was registered disappears from the results, estimated or not.
select metrics.experiment_id, metrics.metric_id
from {{ ref('ai_impact', 'int_experiment_metrics') }} as metrics
left join {{ ref('ai_impact', 'impact_estimates') }} as estimates
    on metrics.experiment_id = estimates.experiment_id
        and metrics.metric_id = estimates.metric_id
        and estimates.segment = 'all'
where estimates.estimate_key is null
    and {{ ai_impact.estimates_are_due() }}
