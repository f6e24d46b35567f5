-- A question has one headline on each scale on which any estimate has an interval and a grade, and of those one that is quoted. It is the
-- best graded, unless another method was registered.
with estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

asked as (
    select
        estimates.*,
        coalesce(treatment_arm, '') as arm,
        estimate is not null and ci_low is not null and ci_high is not null and evidence_grade is not null as is_whole
    from estimates
),

counted as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        scale,
        max(case when is_whole then 1 else 0 end) as expected,
        count(case when is_headline then 1 end) as headlines,
        count(case when (is_headline and not is_whole) or (is_quoted and not is_headline) then 1 end) as wrong,
        min(case when is_headline then evidence_grade end) as headline_grade,
        min(case when is_whole then evidence_grade end) as best_grade,
        sum(count(case when is_quoted then 1 end)) over (
            partition by experiment_id, metric_id, segment, arm
        ) as quoted_of_both,
        max(max(case when is_whole then 1 else 0 end)) over (
            partition by experiment_id, metric_id, segment, arm
        ) as expected_of_both
    from asked
    group by experiment_id, metric_id, segment, arm, scale
)

select counted.*
from counted
left join experiments on counted.experiment_id = experiments.experiment_id
where
    counted.headlines <> counted.expected
    or counted.wrong > 0
    or counted.quoted_of_both <> counted.expected_of_both
    or (counted.headline_grade > counted.best_grade and experiments.primary_method is null)
