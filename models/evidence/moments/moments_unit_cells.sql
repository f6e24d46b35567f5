with unit_metrics as (
    select * from {{ ref('int_unit_metrics') }}
    where cluster_id is null and aggregation <> 'quantile'
),

-- One scan for all metrics. Everything that is said of a part of the units is put together from these cells.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        stratum,
        is_exposed,
        count(*) as n,
        {{ ai_impact.moments() }}
    from unit_metrics
    group by experiment_id, metric_id, arm, stratum, is_exposed
)

select * from final
