with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where cluster_id is not null and aggregation <> 'quantile' and (numerator is not null or n_unknown = 0)
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

-- Over all arms: a cluster's covariate is how far its units together lie from it.
centred as (
    select
        *,
        covariate - avg(covariate) over (partition by experiment_id, metric_id) as distance,
        {{ ai_impact.common_level('experiment_id, metric_id') }} as level
    from unit_metrics
),

segments as (
    select
        experiment_id,
        metric_id,
        arm,
        cluster_id,
        stratum,
        is_exposed,
        count(*) as n_units,
        {{ ai_impact.reach_of() }},
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(distance) as distance,
        sum(numerator - level * denominator) as excess,
        max(level) as level
    from centred
    group by experiment_id, metric_id, arm, cluster_id, stratum, is_exposed
),

{{ ai_impact.segmented('segments') }},

totals as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        cluster_id,
        sum(n_units) as n_units,
        sum(n_unknown) as n_unknown,
        min(min_y) as min_y,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(distance) as distance,
        sum(excess) as excess,
        max(level) as level
    from segmented
    group by experiment_id, metric_id, segment, arm, cluster_id
),

{{ ai_impact.paired_with_control('totals') }},

{{ ai_impact.levered('paired') }},

-- Clusters are the observations, in each arm that they have units of.
final as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        count(*) as n,
        cast(sum(n_units) as {{ dbt.type_bigint() }}) as n_units,
        {{ ai_impact.moments(x='distance') }},
        cast(sum(n_unknown) as {{ dbt.type_bigint() }}) as n_unknown,
        min(min_y) as min_y,
        {{ ai_impact.shared_sums() }},
        {{ ai_impact.leverage_sums() }}
    from levered
    group by experiment_id, metric_id, segment, arm
)

select * from final
