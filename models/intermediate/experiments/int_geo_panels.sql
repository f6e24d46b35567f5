with unit_periods as (
    select * from {{ ref('ai_impact', 'int_unit_period_panel') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('geo', 'did', 'staggered_did')
),

windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
),

-- Treated units with a period before their treatment, or their clusters where errors are by cluster.
placed as (
    select
        unit_periods.*,
        windows.stratum,
        windows.cluster_id,
        experiments.design,
        cast({{ ai_impact.period_start(
            'experiments.starts_at', 'unit_periods.period', 'experiments.period'
        ) }} as date) as period_start,
        case
            when unit_periods.entered_period < unit_periods.first_treated_period
                then coalesce(windows.cluster_id, unit_periods.unit_id)
        end as treated
    from unit_periods
    inner join experiments on unit_periods.experiment_id = experiments.experiment_id
    inner join windows
        on
            unit_periods.experiment_id = windows.experiment_id
            and unit_periods.metric_id = windows.metric_id
            and unit_periods.unit_id = windows.unit_id
),

counted as (
    select
        *,
        min(treated) over (partition by experiment_id, metric_id) as first_treated,
        max(treated) over (partition by experiment_id, metric_id) as last_treated,
        dense_rank() over (
            partition by experiment_id, metric_id
            order by
                case when treated is null then 1 else 0 end, {{ ai_impact.hash_key(['unit_id']) }}
        ) as place
    from placed
),

-- Of rollouts those with one treated unit, and a thousand units: it can only be compared with how others change.
final as (
    select
        experiment_id,
        metric_id,
        unit_id,
        stratum,
        cluster_id,
        first_treated_period,
        entered_period,
        period,
        period_start,
        value
    from counted
    where
        design = 'geo'
        or (first_treated = last_treated and place <= 1000)
)

select * from final
