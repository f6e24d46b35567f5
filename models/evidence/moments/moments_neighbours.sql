with windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
    where cluster_id is not null
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

exposures as (
    select
        windows.experiment_id,
        max(case when windows.is_exposed and windows.arm <> experiments.control_arm then 1 else 0 end) as are_recorded
    from windows
    inner join experiments on windows.experiment_id = experiments.experiment_id
    group by windows.experiment_id
),

-- Where nobody's exposure to a treatment was recorded, whoever was assigned to it counts as exposed.
units as (
    select distinct
        windows.experiment_id,
        windows.unit_id,
        windows.cluster_id,
        case when windows.arm = experiments.control_arm then 1 else 0 end as is_control,
        case
            when windows.arm = experiments.control_arm then 0
            when windows.is_exposed or exposures.are_recorded = 0 then 1
            else 0
        end as is_treated
    from windows
    inner join experiments on windows.experiment_id = experiments.experiment_id
    inner join exposures on windows.experiment_id = exposures.experiment_id
),

clusters as (
    select
        experiment_id,
        cluster_id,
        count(*) as n_units,
        sum(is_control) as n_control,
        sum(is_treated) as n_treated
    from units
    group by experiment_id, cluster_id
),

-- The mean over control units of the share of their neighbours that is treated; those without neighbours don't count.
final as (
    select
        experiment_id,
        count(*) as n_clusters,
        cast(sum(n_control) as {{ dbt.type_bigint() }}) as n_control,
        {{ ai_impact.safe_divide(
            'sum(case when n_units > 1 then n_control * n_treated * 1.0 / (n_units - 1) end)',
            'sum(case when n_units > 1 then n_control end)'
        ) }} as treated_neighbours
    from clusters
    group by experiment_id
)

select * from final
