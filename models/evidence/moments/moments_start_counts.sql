with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

unit_dimensions as (
    select * from {{ ref('ai_impact', 'int_unit_dimensions') }}
),

dimension_segments as (
    select * from {{ ref('ai_impact', 'int_dimension_segments') }}
),

planned as (
    select * from {{ ref('ai_impact', 'int_plan_units') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where metric_role = 'primary'
),

segments as (
    select
        experiment_id,
        arm,
        'stratum' as dimension,
        stratum as dimension_value
    from assignments
    where stratum is not null
    union all
    select
        experiment_id,
        arm,
        'start_day' as dimension,
        cast(cast(assigned_at as date) as {{ dbt.type_string() }}) as dimension_value
    from assignments
    union all
    select
        experiment_id,
        arm,
        'exposed' as dimension,
        'exposed' as dimension_value
    from assignments
    where exposed_at is not null
    union all
    select
        unit_dimensions.experiment_id,
        unit_dimensions.arm,
        'attribute:' || unit_dimensions.dimension as dimension,
        dimension_segments.shown_as as dimension_value
    from unit_dimensions
    inner join dimension_segments
        on
            unit_dimensions.experiment_id = dimension_segments.experiment_id
            and unit_dimensions.dimension = dimension_segments.dimension
            and unit_dimensions.dimension_value = dimension_segments.dimension_value
    -- Of an experiment that has not begun: when the units of its baseline would have come.
    union all
    select
        planned.experiment_id,
        '{{ ai_impact.baseline_arm() }}' as arm,
        'start_day' as dimension,
        cast(cast(planned.assigned_at as date) as {{ dbt.type_string() }}) as dimension_value
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
        dimension_value,
        arm,
        count(*) as n_units
    from segments
    group by experiment_id, dimension, dimension_value, arm
)

select * from final
