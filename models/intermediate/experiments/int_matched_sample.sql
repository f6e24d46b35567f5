with units as (
    select * from {{ ref('ai_impact', 'int_matched_units') }}
    where value is not null and cell is not null
),

covariates as (
    select * from {{ ref('ai_impact', 'int_matched_covariates') }}
),

-- Of more units than the statistics read row by row a random sample, the same on every run.
drawn as (
    select
        units.*,
        count(*) over (partition by experiment_id, metric_id) as n_units,
        row_number() over (
            partition by experiment_id, metric_id
            order by {{ ai_impact.hash_key(['experiment_id', 'unit_id']) }}
        ) as place
    from units
),

final as (
    select
        drawn.experiment_id,
        drawn.metric_id,
        drawn.unit_id,
        drawn.arm,
        covariates.name,
        coalesce(covariates.score, 0) as score,
        drawn.value,
        drawn.past_value,
        drawn.n_units
    from drawn
    inner join covariates
        on
            drawn.experiment_id = covariates.experiment_id
            and drawn.metric_id = covariates.metric_id
            and drawn.unit_id = covariates.unit_id
    where drawn.place <= {{ var('matched_max_units') }}
)

select * from final
