{{ config(enabled=var('evidence_enabled')) }}
-- What each registered experiment could detect in 8, 10 and 12 weeks, with and without its covariate, and how long its
-- own smallest effect takes: dbt show --select what_could_we_detect
select
    experiment_id,
    metric_id,
    scale,
    max(case when weeks = 8 then detectable_effect end) as in_8_weeks,
    max(case when weeks = 10 then detectable_effect end) as in_10_weeks,
    max(case when weeks = 12 then detectable_effect end) as in_12_weeks,
    max(case when weeks = 8 then detectable_effect_adjusted end) as in_8_weeks_adjusted,
    max(case when weeks = 10 then detectable_effect_adjusted end) as in_10_weeks_adjusted,
    max(case when weeks = 12 then detectable_effect_adjusted end) as in_12_weeks_adjusted,
    max(effect) as registered_effect,
    max(weeks_needed_adjusted) as weeks_needed,
    max(reason) as reason
from {{ ref('ai_impact', 'experiment_plan') }}
group by experiment_id, metric_id, scale
order by experiment_id, metric_id
