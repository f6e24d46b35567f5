{{ config(materialized=ai_impact.plain_view()) }}

with assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

clusters as (
    select * from {{ ref('int_unit_clusters') }}
),

-- Everyone who was assigned counts, exposed or not (intention to treat), and from the moment of the assignment.
final as (
    select
        assignments.experiment_id,
        metrics.metric_id,
        metrics.aggregation,
        metrics.numerator_measure,
        metrics.denominator_measure,
        metrics.transform,
        metrics.quantile,
        metrics.winsorize_at,
        metrics.covariate,
        metrics.covariates,
        assignments.unit_type,
        assignments.unit_id,
        assignments.arm,
        assignments.stratum,
        -- A unit without a cluster is one of its own; moments_arm_counts counts them.
        case
            when metrics.cluster_by = 'stratum' then coalesce(assignments.stratum, 'unit:' || assignments.unit_id)
            when metrics.cluster_by is not null then coalesce(clusters.cluster_id, 'unit:' || assignments.unit_id)
        end as cluster_id,
        assignments.exposed_at is not null as is_exposed,
        assignments.assigned_at,
        case
            when metrics.is_from_exposure then coalesce(assignments.exposed_at, assignments.assigned_at)
            else assignments.assigned_at
        end as window_starts_at,
        case
            when metrics.window_days is null then metrics.ends_at
            when metrics.is_from_exposure
                then {{ ai_impact.add_time(
                    'day', 'metrics.window_days', 'coalesce(assignments.exposed_at, assignments.assigned_at)'
                ) }}
            else {{ ai_impact.add_time('day', 'metrics.window_days', 'assignments.assigned_at') }}
        end as window_ends_at,
        {{ ai_impact.add_time('day', '-metrics.pre_period_days', 'assignments.assigned_at') }} as pre_starts_at
    from assignments
    inner join metrics
        on
            assignments.experiment_id = metrics.experiment_id
            and assignments.unit_type = metrics.unit_type
    left join clusters
        on
            assignments.unit_type = clusters.unit_type
            and assignments.unit_id = clusters.unit_id
            and metrics.cluster_by = clusters.cluster_by
)

select * from final
