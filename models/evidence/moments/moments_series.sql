with experiments as (
    select * from {{ ref('int_experiments') }}
    where design = 'time_series'
),

experiment_metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

market_signals as (
    select * from {{ ref('stg_market_signals') }}
),

-- The registered series of the metric, and every series that is marked as a covariate.
final as (
    select
        experiments.experiment_id,
        experiment_metrics.metric_id,
        market_signals.series,
        market_signals.series = experiment_metrics.numerator_measure as is_outcome,
        market_signals.week,
        cast(market_signals.value as {{ ai_impact.physical_type('double') }}) as value
    from experiments
    inner join experiment_metrics on experiments.experiment_id = experiment_metrics.experiment_id
    inner join market_signals
        on
            market_signals.series = experiment_metrics.numerator_measure
            or coalesce(market_signals.is_covariate, false)
    where market_signals.value is not null
)

select * from final
