with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design = 'time_series'
),

experiment_metrics as (
    select
        *,
        coalesce(covariates, '') <> '' as names_controls
    from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

market_signals as (
    select * from {{ ref('ai_impact', 'stg_market_signals') }}
    where value is not null
),

series_names as (
    select
        series,
        max(case when is_covariate then 1 else 0 end) as is_marked
    from market_signals
    group by series
),

-- What an experiment is to move is no control of its other metrics, however it is marked.
outcomes as (
    select distinct
        experiment_id,
        numerator_measure
    from experiment_metrics
),

-- The series of the metric, and its controls: those that it names, or all that are marked where it names none.
wanted as (
    select
        experiments.experiment_id,
        experiment_metrics.metric_id,
        series_names.series,
        series_names.series = experiment_metrics.numerator_measure as is_outcome
    from experiments
    inner join experiment_metrics on experiments.experiment_id = experiment_metrics.experiment_id
    cross join series_names
    left join outcomes
        on
            experiments.experiment_id = outcomes.experiment_id
            and series_names.series = outcomes.numerator_measure
    where
        series_names.series = experiment_metrics.numerator_measure
        or (
            experiment_metrics.names_controls
            and {{ ai_impact.in_list('series_names.series', 'experiment_metrics.covariates') }}
        )
        or (
            not experiment_metrics.names_controls
            and series_names.is_marked = 1
            and outcomes.numerator_measure is null
        )
),

final as (
    select
        wanted.experiment_id,
        wanted.metric_id,
        wanted.series,
        wanted.is_outcome,
        market_signals.week,
        cast(market_signals.value as {{ ai_impact.physical_type('double') }}) as value
    from wanted
    inner join market_signals on wanted.series = market_signals.series
)

select * from final
