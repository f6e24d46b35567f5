with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where aggregation = 'quantile' and numerator is not null
),

unit_dimensions as (
    select * from {{ ref('ai_impact', 'int_unit_dimensions') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_dimension_segments') }}
),

{{ ai_impact.parted_quantiles() }},

ranked as (
    select
        *,
        row_number() over (partition by experiment_id, metric_id, segment, arm order by numerator) as rank,
        ceil(quantile * count(*) over (partition by experiment_id, metric_id, segment, arm) - 0.000001) as position
    from parted
),

flagged as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        quantile,
        cluster_id,
        is_clustered,
        numerator,
        max(case when rank = position then numerator end)
            over (partition by experiment_id, metric_id, segment, arm) as point
    from ranked
),

totals as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        quantile,
        point,
        is_clustered,
        cluster_id,
        cast(count(*) as {{ ai_impact.physical_type('double') }}) as n_units,
        cast(sum(case when numerator <= point then 1 else 0 end) as {{ ai_impact.physical_type('double') }})
            as n_below
    from flagged
    group by experiment_id, metric_id, segment, arm, quantile, point, is_clustered, cluster_id
),

-- The share of units at or below the quantile, with its variance over clusters.
final as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        quantile,
        point,
        count(*) as n,
        cast(sum(case when is_clustered then n_units else 0 end) as {{ dbt.type_bigint() }}) as n_units,
        avg(n_below) as mean_y,
        var_samp(n_below) as var_y,
        avg(n_units) as mean_z,
        var_samp(n_units) as var_z,
        covar_samp(n_below, n_units) as cov_yz
    from totals
    group by experiment_id, metric_id, segment, arm, quantile, point
)

select * from final
