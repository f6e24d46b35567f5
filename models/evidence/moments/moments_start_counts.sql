with assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

parts as (
    select
        experiment_id,
        arm,
        'stratum' as dimension,
        stratum as part
    from assignments
    where stratum is not null
    union all
    select
        experiment_id,
        arm,
        'start_day' as dimension,
        cast(cast(assigned_at as date) as {{ dbt.type_string() }}) as part
    from assignments
    union all
    select
        experiment_id,
        arm,
        'exposed' as dimension,
        'exposed' as part
    from assignments
    where exposed_at is not null
),

final as (
    select
        experiment_id,
        dimension,
        part,
        arm,
        count(*) as n_units
    from parts
    group by experiment_id, dimension, part, arm
)

select * from final
