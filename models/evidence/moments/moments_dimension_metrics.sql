with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where aggregation <> 'quantile' and (numerator is not null or n_unknown = 0)
),

unit_dimensions as (
    select * from {{ ref('ai_impact', 'int_unit_dimensions') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_dimension_segments') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

-- Over all arms: a cluster's covariate is how far its units together lie from it.
parted as (
    select
        unit_metrics.experiment_id,
        unit_metrics.metric_id,
        {{ ai_impact.segment_of('unit_dimensions.dimension', 'segments.shown_as') }} as segment,
        unit_metrics.arm,
        unit_metrics.cluster_id,
        unit_metrics.numerator,
        unit_metrics.denominator,
        unit_metrics.covariate,
        unit_metrics.covariate - avg(unit_metrics.covariate) over (
            partition by unit_metrics.experiment_id, unit_metrics.metric_id, unit_dimensions.dimension
        ) as distance,
        {{ ai_impact.common_level(
            'unit_metrics.experiment_id, unit_metrics.metric_id, unit_dimensions.dimension'
        ) }} as level
    from unit_dimensions
    inner join segments
        on
            unit_dimensions.experiment_id = segments.experiment_id
            and unit_dimensions.dimension = segments.dimension
            and unit_dimensions.dimension_value = segments.dimension_value
    inner join unit_metrics
        on
            unit_dimensions.experiment_id = unit_metrics.experiment_id
            and unit_dimensions.unit_id = unit_metrics.unit_id
),

-- n_units is 0 where every unit stands for itself; otherwise clusters are the observations.
observations as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        cluster_id,
        0 as n_units,
        case when numerator is null then 1 else 0 end as n_unknown,
        numerator as min_y,
        numerator,
        denominator,
        covariate,
        cast(null as {{ ai_impact.physical_type('double') }}) as excess,
        cast(null as {{ ai_impact.physical_type('double') }}) as level
    from parted
    where cluster_id is null
    union all
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        cluster_id,
        count(*) as n_units,
        {{ ai_impact.reach_of() }},
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(distance) as covariate,
        sum(numerator - level * denominator) as excess,
        max(level) as level
    from parted
    where cluster_id is not null
    group by experiment_id, metric_id, segment, arm, cluster_id
),

{{ ai_impact.paired_with_control('observations') }},

final as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        count(*) as n,
        cast(sum(n_units) as {{ dbt.type_bigint() }}) as n_units,
        {{ ai_impact.moments() }},
        cast(sum(n_unknown) as {{ dbt.type_bigint() }}) as n_unknown,
        min(min_y) as min_y,
        {{ ai_impact.shared_sums() }}
    from paired
    group by experiment_id, metric_id, segment, arm
)

select * from final
