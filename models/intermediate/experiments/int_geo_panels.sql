with unit_periods as (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design = 'geo'
),

windows as (
    select * from {{ ref('int_unit_windows') }}
),

final as (
    select
        unit_periods.experiment_id,
        unit_periods.metric_id,
        unit_periods.unit_id,
        windows.stratum,
        unit_periods.first_treated_period,
        unit_periods.period,
        cast({{ ai_impact.period_start(
            'experiments.starts_at', 'unit_periods.period', 'experiments.period'
        ) }} as date) as period_start,
        unit_periods.value
    from unit_periods
    inner join experiments on unit_periods.experiment_id = experiments.experiment_id
    inner join windows
        on
            unit_periods.experiment_id = windows.experiment_id
            and unit_periods.metric_id = windows.metric_id
            and unit_periods.unit_id = windows.unit_id
)

select * from final
