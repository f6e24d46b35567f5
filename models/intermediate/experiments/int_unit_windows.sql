{{ config(materialized=ai_impact.heavy_view()) }}

with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

planned as (
    select * from {{ ref('ai_impact', 'int_plan_units') }}
),

clusters as (
    select * from {{ ref('ai_impact', 'int_unit_clusters') }}
),

-- Everyone who was assigned counts, exposed or not (intention to treat), and from the moment of the assignment. Of an
-- experiment that has not begun, those who could be are its baseline.
units as (
    select
        assignments.experiment_id,
        metrics.metric_id,
        assignments.unit_type,
        assignments.unit_id,
        assignments.arm,
        assignments.stratum,
        assignments.assigned_at,
        assignments.exposed_at,
        assignments.group_number
    from assignments
    inner join metrics
        on
            assignments.experiment_id = metrics.experiment_id
            and assignments.unit_type = metrics.unit_type
    union all
    select
        experiment_id,
        metric_id,
        unit_type,
        unit_id,
        '{{ ai_impact.baseline_arm() }}' as arm,
        cast(null as {{ dbt.type_string() }}) as stratum,
        assigned_at,
        cast(null as {{ dbt.type_timestamp() }}) as exposed_at,
        0 as group_number
    from planned
),

final as (
    select
        units.experiment_id,
        metrics.metric_id,
        metrics.aggregation,
        metrics.numerator_measure,
        metrics.denominator_measure,
        metrics.is_paired,
        metrics.transform,
        metrics.quantile,
        metrics.winsorize_at,
        metrics.covariate,
        metrics.covariates,
        units.unit_type,
        units.unit_id,
        units.arm,
        units.stratum,
        -- A unit without a cluster is one of its own; moments_arm_counts counts them.
        case
            when metrics.cluster_by = 'stratum' then coalesce(units.stratum, 'unit:' || units.unit_id)
            when metrics.cluster_by is not null then coalesce(clusters.cluster_id, 'unit:' || units.unit_id)
        end as cluster_id,
        units.exposed_at is not null as is_exposed,
        units.assigned_at,
        case
            when metrics.is_from_exposure then coalesce(units.exposed_at, units.assigned_at)
            else units.assigned_at
        end as window_starts_at,
        case
            when metrics.window_days is null then metrics.ends_at
            when metrics.is_from_exposure
                then {{ ai_impact.add_time(
                    'day', 'metrics.window_days', 'coalesce(units.exposed_at, units.assigned_at)'
                ) }}
            else {{ ai_impact.add_time('day', 'metrics.window_days', 'units.assigned_at') }}
        end as window_ends_at,
        {{ ai_impact.add_time('day', '-metrics.pre_period_days', 'units.assigned_at') }} as pre_starts_at,
        {{ ai_impact.add_time('hour', '-12 * metrics.pre_period_days', 'units.assigned_at') }} as pre_middle_at,
        -- Whole numbers are grouped by several times as fast as names.
        metrics.metric_number,
        units.group_number
    from units
    inner join metrics
        on
            units.experiment_id = metrics.experiment_id
            and units.metric_id = metrics.metric_id
    left join clusters
        on
            units.unit_type = clusters.unit_type
            and units.unit_id = clusters.unit_id
            and units.assigned_at = clusters.assigned_at
            and metrics.cluster_by = clusters.cluster_by
)

select * from final
