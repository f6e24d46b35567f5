with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

recorded as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

clusters as (
    select * from {{ ref('ai_impact', 'int_unit_clusters') }}
),

-- Of units, where they are enrolled, and of assignments, wherever they lie.
counted as (
    select
        assignments.experiment_id,
        assignments.arm,
        case when assignments.arm_count = 1 then 1 else 0 end as n_units,
        case when assignments.arm_count > 1 then 1 else 0 end as n_excluded,
        case
            when assignments.arm_count <> 1 or experiments.cluster_by is null then 0
            when experiments.cluster_by = assignments.unit_type then 0
            when experiments.cluster_by = 'stratum' and assignments.stratum is not null then 0
            when clusters.cluster_id is not null then 0
            else 1
        end as n_without_cluster,
        case when assignments.arm_count = 0 then 1 else 0 end as n_returned,
        0 as n_assignments,
        0 as n_before,
        0 as n_after,
        0 as n_undated,
        cast(null as {{ dbt.type_timestamp() }}) as recorded_at
    from assignments
    left join experiments on assignments.experiment_id = experiments.experiment_id
    left join clusters
        on
            assignments.unit_type = clusters.unit_type
            and assignments.unit_id = clusters.unit_id
            and assignments.assigned_at = clusters.assigned_at
            and experiments.cluster_by = clusters.cluster_by
    union all
    select
        recorded.experiment_id,
        recorded.arm,
        0 as n_units,
        0 as n_excluded,
        0 as n_without_cluster,
        0 as n_returned,
        1 as n_assignments,
        case when {{ ai_impact.enrolment('recorded.assigned_at', 'experiments') }} = 'before' then 1 else 0 end,
        case when {{ ai_impact.enrolment('recorded.assigned_at', 'experiments') }} = 'after' then 1 else 0 end,
        case when recorded.is_undated then 1 else 0 end as n_undated,
        recorded.assigned_at as recorded_at
    from recorded
    left join experiments on recorded.experiment_id = experiments.experiment_id
),

final as (
    select
        experiment_id,
        arm,
        sum(n_units) as n_units,
        sum(n_excluded) as n_excluded,
        sum(n_without_cluster) as n_without_cluster,
        sum(n_returned) as n_returned,
        sum(n_assignments) as n_assignments,
        sum(n_before) as n_before,
        sum(n_after) as n_after,
        sum(n_undated) as n_undated,
        max(recorded_at) as last_assigned_at
    from counted
    group by experiment_id, arm
)

select * from final
