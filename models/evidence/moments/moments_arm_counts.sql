with assignments as (
    select * from {{ ref('int_assignments') }}
),

final as (
    select
        experiment_id,
        arm,
        sum(case when arm_count = 1 then 1 else 0 end) as n_units,
        sum(case when arm_count > 1 then 1 else 0 end) as n_excluded
    from assignments
    group by experiment_id, arm
)

select * from final
