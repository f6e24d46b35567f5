with unit_metrics as (
    select
        *,
        case when aggregation <> 'quantile' then past_numerator end as numerator_before,
        case when aggregation <> 'quantile' and past_numerator is not null then past_denominator end
            as denominator_before
    from {{ ref('ai_impact', 'int_unit_metrics') }}
),

-- A unit without a cluster is one of its own. Clusters first, then arms. A past without a logarithm is not known.
totals as (
    select
        experiment_id,
        metric_id,
        arm,
        sum(numerator_before) as numerator,
        sum(denominator_before) as denominator,
        sum(n_values) as n_values,
        sum(n_unknown) as n_unknown,
        max(case when is_paired then 1 else 0 end) as is_paired,
        count(*) as n_units
    from unit_metrics
    where cluster_id is not null
    group by experiment_id, metric_id, arm, cluster_id
    union all
    select
        experiment_id,
        metric_id,
        arm,
        numerator_before as numerator,
        denominator_before as denominator,
        n_values,
        n_unknown,
        case when is_paired then 1 else 0 end as is_paired,
        0 as n_units
    from unit_metrics
    where cluster_id is null
),

final as (
    select
        experiment_id,
        metric_id,
        arm,
        count(numerator) as n,
        cast(sum(n_units) as {{ dbt.type_bigint() }}) as n_units,
        avg(numerator) as mean_y,
        var_samp(numerator) as var_y,
        avg(denominator) as mean_z,
        var_samp(denominator) as var_z,
        covar_samp(numerator, denominator) as cov_yz,
        -- Of the window: how many values there are, and how many of them are not known.
        count(*) as n_observed,
        max(is_paired) = 1 as is_paired,
        avg(n_unknown) as mean_unknown,
        var_samp(n_unknown) as var_unknown,
        avg(n_values) as mean_values,
        var_samp(n_values) as var_values,
        covar_samp(n_unknown, n_values) as cov_unknown_values
    from totals
    group by experiment_id, metric_id, arm
)

select * from final
