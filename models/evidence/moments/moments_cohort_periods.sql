with unit_periods as (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did')
),

units as (
    select
        experiment_id,
        metric_id,
        unit_id,
        max(first_treated_period) as first_treated_period,
        count(*) = count(value) as is_whole
    from unit_periods
    where experiment_id in (select experiments.experiment_id from experiments)
    group by experiment_id, metric_id, unit_id
),

-- A number in the place of three keys: what is grouped below are the pairs of periods of every unit.
cohorts as (
    select
        experiment_id,
        metric_id,
        first_treated_period,
        count(*) as n_units,
        count(case when is_whole then 1 end) as n_whole,
        row_number() over (order by experiment_id, metric_id, coalesce(first_treated_period, -100000)) as cohort
    from units
    group by experiment_id, metric_id, first_treated_period
),

members as (
    select
        units.experiment_id,
        units.metric_id,
        units.unit_id,
        cohorts.cohort
    from units
    inner join cohorts
        on
            units.experiment_id = cohorts.experiment_id
            and units.metric_id = cohorts.metric_id
            and coalesce(units.first_treated_period, -100000) = coalesce(cohorts.first_treated_period, -100000)
    where units.is_whole
),

kept as (
    select
        members.cohort,
        unit_periods.unit_id,
        unit_periods.period,
        unit_periods.value
    from unit_periods
    inner join members
        on
            unit_periods.experiment_id = members.experiment_id
            and unit_periods.metric_id = members.metric_id
            and unit_periods.unit_id = members.unit_id
),

pairs as (
    select
        earlier.cohort,
        earlier.period as period_a,
        later.period as period_b,
        avg(earlier.value) as mean_a,
        avg(later.value) as mean_b,
        covar_samp(earlier.value, later.value) as covariance
    from kept as earlier
    inner join kept as later
        on
            earlier.cohort = later.cohort
            and earlier.unit_id = later.unit_id
            and earlier.period <= later.period
    group by earlier.cohort, earlier.period, later.period
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
    left join pairs on cohorts.cohort = pairs.cohort
)

select * from final
