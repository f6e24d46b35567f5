with unit_metrics as (
    select * from {{ ref('int_unit_metrics') }}
    where aggregation <> 'quantile'
),

-- A unit without a cluster is one of its own. Clusters first, then arms. A past of 0 has no logarithm: it is not known.
totals as (
    select
        experiment_id,
        metric_id,
        arm,
        sum(past_numerator) as numerator,
        sum(past_denominator) as denominator,
        count(*) as n_units
    from unit_metrics
    where cluster_id is not null and past_numerator is not null
    group by experiment_id, metric_id, arm, cluster_id
    union all
    select
        experiment_id,
        metric_id,
        arm,
        past_numerator as numerator,
        past_denominator as denominator,
        0 as n_units
    from unit_metrics
    where cluster_id is null and past_numerator is not null
),

final as (
    select
        experiment_id,
        metric_id,
        arm,
        count(*) as n,
        cast(sum(n_units) as {{ dbt.type_bigint() }}) as n_units,
        avg(numerator) as mean_y,
        var_samp(numerator) as var_y,
        avg(denominator) as mean_z,
        var_samp(denominator) as var_z,
        covar_samp(numerator, denominator) as cov_yz
    from totals
    group by experiment_id, metric_id, arm
)

select * from final
