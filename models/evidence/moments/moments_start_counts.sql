with assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

unit_dimensions as (
    select * from {{ ref('int_unit_dimensions') }}
),

dimension_parts as (
    select * from {{ ref('int_dimension_parts') }}
),

planned as (
    select * from {{ ref('int_plan_units') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where metric_role = 'primary'
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
    union all
    select
        unit_dimensions.experiment_id,
        unit_dimensions.arm,
        'attribute:' || unit_dimensions.dimension as dimension,
        dimension_parts.shown_as as part
    from unit_dimensions
    inner join dimension_parts
        on
            unit_dimensions.experiment_id = dimension_parts.experiment_id
            and unit_dimensions.dimension = dimension_parts.dimension
            and unit_dimensions.part = dimension_parts.part
    -- Of an experiment that has not begun: when the units of its baseline would have come.
    union all
    select
        planned.experiment_id,
        '{{ ai_impact.baseline_arm() }}' as arm,
        'start_day' as dimension,
        cast(cast(planned.assigned_at as date) as {{ dbt.type_string() }}) as part
    from planned
    inner join metrics
        on
            planned.experiment_id = metrics.experiment_id
            and planned.metric_id = metrics.metric_id
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
