-- An estimate is on the scale, of the effect and of a design that the catalogue says of its method, and both scales of a method are one
-- method there. Of one method both scales have one verdict.
with estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

catalogue as (
    select * from {{ ref('ai_impact', 'method_catalogue') }}
),

strays as (
    select
        estimates.method,
        'its scale, effect or design is not that of the catalogue' as problem
    from estimates
    inner join catalogue on estimates.method = catalogue.method
    inner join experiments on estimates.experiment_id = experiments.experiment_id
    where
        estimates.scale <> catalogue.scale
        or (
            estimates.estimate is not null
            and (
                estimates.estimand not like catalogue.estimand || '%'
                or not {{ ai_impact.in_list('experiments.design', 'catalogue.designs') }}
            )
        )
),

halves as (
    select
        relatives.method,
        'its absolute form has another rank, name, design or effect' as problem
    from catalogue as relatives
    inner join catalogue as absolutes on relatives.absolute_method = absolutes.method
    where
        absolutes.scale <> 'absolute'
        or absolutes.absolute_method <> absolutes.method
        or relatives.method_rank <> absolutes.method_rank
        or relatives.method_name <> absolutes.method_name
        or relatives.designs <> absolutes.designs
        or relatives.estimand <> absolutes.estimand
),

disagreeing as (
    select
        min(method) as method,
        'its scales have two verdicts' as problem
    from estimates
    where estimate is not null
    group by experiment_id, metric_id, segment, coalesce(treatment_arm, ''), method_name
    having min(verdict) <> max(verdict)
)

select * from strays
union all
select * from halves
union all
select * from disagreeing
