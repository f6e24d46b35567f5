with assignments as (
    select * from {{ ref('int_assignments') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

clusters as (
    select * from {{ ref('int_unit_clusters') }}
),

final as (
    select
        assignments.experiment_id,
        assignments.arm,
        sum(case when assignments.arm_count = 1 then 1 else 0 end) as n_units,
        sum(case when assignments.arm_count > 1 then 1 else 0 end) as n_excluded,
        sum(
            case
                when assignments.arm_count > 1 or experiments.cluster_by is null then 0
                when experiments.cluster_by = assignments.unit_type then 0
                when experiments.cluster_by = 'stratum' and assignments.stratum is not null then 0
                when clusters.cluster_id is not null then 0
                else 1
            end
        ) as n_without_cluster
    from assignments
    left join experiments on assignments.experiment_id = experiments.experiment_id
    left join clusters
        on
            assignments.unit_type = clusters.unit_type
            and assignments.unit_id = clusters.unit_id
            and experiments.cluster_by = clusters.cluster_by
    group by assignments.experiment_id, assignments.arm
)

select * from final
