-- A question has one headline: never two of an arm, metric, segment and scale, none without an estimate, and none beside a better grade.
with estimates as (
    select * from {{ ref('impact_estimates') }}
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

select * from counted
where headlines > 1 or empty_headlines > 0 or headline_grade > best_grade
