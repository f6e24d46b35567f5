-- A question has one headline: never two of an arm, metric, segment and scale, none without an estimate, and none beside a better grade,
-- unless its method was registered.
with estimates as (
    select * from {{ ref('impact_estimates') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

counted as (
    select
        experiment_id,
        metric_id,
        segment,
        treatment_arm,
        scale,
        count(case when is_headline then 1 end) as headlines,
        count(case when is_headline and estimate is null then 1 end) as empty_headlines,
        min(case when is_headline then evidence_grade end) as headline_grade,
        min(evidence_grade) as best_grade
    from estimates
    group by experiment_id, metric_id, segment, treatment_arm, scale
)

select counted.*
from counted
left join experiments on counted.experiment_id = experiments.experiment_id
where
    counted.headlines > 1
    or counted.empty_headlines > 0
    or (counted.headline_grade > counted.best_grade and coalesce(experiments.primary_method, '') = '')
