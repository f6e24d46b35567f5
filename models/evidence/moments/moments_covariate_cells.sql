{%- set bin = 'floor(coalesce((unit_metrics.covariate - scales.centre) / nullif(scales.width, 0), 0) * 4)' -%}
with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where cluster_id is null and covariate is not null and numerator is not null and aggregation <> 'quantile'
),

moments as (
    select * from {{ ref('ai_impact', 'moments_unit_metrics') }}
    where segment = 'all' and mean_x is not null
),

-- Over all arms, so that cells don't depend on the arm.
scales as (
    select
        experiment_id,
        metric_id,
        sum(n * mean_x) * 1.0 / sum(n) as centre,
        sqrt(sum((n - 1) * coalesce(var_x, 0)) / nullif(sum(n - 1), 0)) as width
    from moments
    group by experiment_id, metric_id
),

binned as (
    select
        unit_metrics.*,
        cast({{ ai_impact.greatest(['-20', ai_impact.least(['20', bin])]) }} as {{ dbt.type_int() }}) as bin
    from unit_metrics
    inner join scales
        on
            unit_metrics.experiment_id = scales.experiment_id
            and unit_metrics.metric_id = scales.metric_id
),

-- Quarters of a standard deviation, the outermost beyond five.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        stratum,
        bin,
        count(*) as n,
        {{ ai_impact.moments() }}
    from binned
    group by experiment_id, metric_id, arm, stratum, bin
)

select * from final
