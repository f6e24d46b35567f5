with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count > 1
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('did', 'staggered_did', 'matched', 'geo')
),

-- Who was in several arms and ends in the control arm had the treatment, and lost it.
counted as (
    select
        assignments.experiment_id,
        sum(case when assignments.last_arm = experiments.control_arm then 1 else 0 end) as n_switched_off,
        sum(case when assignments.last_arm = experiments.control_arm then 0 else 1 end) as n_several_arms
    from assignments
    inner join experiments
        on
            assignments.experiment_id = experiments.experiment_id
            and assignments.unit_type = experiments.unit_type
    group by assignments.experiment_id
),

final as (
    select
        experiment_id,
        cast(n_switched_off as {{ dbt.type_bigint() }}) as n_switched_off,
        cast(n_several_arms as {{ dbt.type_bigint() }}) as n_several_arms
    from counted
)

select * from final
