with unit_periods as (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did')
),

marked as (
    select
        *,
        count(*) over (partition by experiment_id, metric_id, unit_id)
        = count(value) over (partition by experiment_id, metric_id, unit_id) as is_whole
    from unit_periods
    where experiment_id in (select experiments.experiment_id from experiments)
),

cohorts as (
    select
        experiment_id,
        metric_id,
        first_treated_period,
        count(distinct unit_id) as n_units,
        count(distinct case when is_whole then unit_id end) as n_whole
    from marked
    group by experiment_id, metric_id, first_treated_period
),

kept as (
    select * from marked
    where is_whole
),

pairs as (
    select
        earlier.experiment_id,
        earlier.metric_id,
        earlier.first_treated_period,
        earlier.period as period_a,
        later.period as period_b,
        avg(earlier.value) as mean_a,
        avg(later.value) as mean_b,
        covar_samp(earlier.value, later.value) as covariance
    from kept as earlier
    inner join kept as later
        on
            earlier.experiment_id = later.experiment_id
            and earlier.metric_id = later.metric_id
            and earlier.unit_id = later.unit_id
            and earlier.period <= later.period
    group by earlier.experiment_id, earlier.metric_id, earlier.first_treated_period, earlier.period, later.period
),

-- A cohort of which no unit is whole keeps one row, so that it is counted.
final as (
    select
        cohorts.experiment_id,
        cohorts.metric_id,
        cohorts.first_treated_period,
        pairs.period_a,
        pairs.period_b,
        cast(cohorts.n_whole as {{ dbt.type_bigint() }}) as n,
        cast(cohorts.n_units - cohorts.n_whole as {{ dbt.type_bigint() }}) as n_left_out,
        pairs.mean_a,
        pairs.mean_b,
        pairs.covariance
    from cohorts
    left join pairs
        on
            cohorts.experiment_id = pairs.experiment_id
            and cohorts.metric_id = pairs.metric_id
            and coalesce(cohorts.first_treated_period, -100000) = coalesce(pairs.first_treated_period, -100000)
)

select * from final
