{%- set each_unit = 'partition by unit_periods.experiment_id, unit_periods.metric_id, unit_periods.unit_id' -%}
with unit_periods as (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did') and cluster_by is not null
),

windows as (
    select * from {{ ref('int_unit_windows') }}
    where cluster_id is not null
),

marked as (
    select
        unit_periods.*,
        windows.cluster_id,
        count(*) over ({{ each_unit }})
        = count(unit_periods.value) over ({{ each_unit }}) as is_whole
    from unit_periods
    inner join experiments on unit_periods.experiment_id = experiments.experiment_id
    inner join windows
        on
            unit_periods.experiment_id = windows.experiment_id
            and unit_periods.metric_id = windows.metric_id
            and unit_periods.unit_id = windows.unit_id
),

centred as (
    select
        experiment_id,
        metric_id,
        first_treated_period,
        cluster_id,
        unit_id,
        period,
        value - avg(value) over (
            partition by experiment_id, metric_id, coalesce(first_treated_period, -100000), period
        ) as deviation
    from marked
    where is_whole
),

-- A cluster's units, and its sums of deviations from the cohort's mean: the period NULL counts.
totals as (
    select
        experiment_id,
        metric_id,
        first_treated_period,
        cluster_id,
        period,
        sum(deviation) as total
    from centred
    group by experiment_id, metric_id, first_treated_period, cluster_id, period
    union all
    select
        experiment_id,
        metric_id,
        first_treated_period,
        cluster_id,
        null as period,
        cast(count(distinct unit_id) as {{ ai_impact.physical_type('double') }}) as total
    from centred
    group by experiment_id, metric_id, first_treated_period, cluster_id
),

final as (
    select
        a.experiment_id,
        a.metric_id,
        a.first_treated_period as cohort_a,
        a.period as period_a,
        b.first_treated_period as cohort_b,
        b.period as period_b,
        cast(count(*) as {{ dbt.type_bigint() }}) as n_clusters,
        sum(a.total * b.total) as total
    from totals as a
    inner join totals as b
        on
            a.experiment_id = b.experiment_id
            and a.metric_id = b.metric_id
            and a.cluster_id = b.cluster_id
            and (
                coalesce(a.first_treated_period, -100000) < coalesce(b.first_treated_period, -100000)
                or (
                    coalesce(a.first_treated_period, -100000) = coalesce(b.first_treated_period, -100000)
                    and coalesce(a.period, -100000) <= coalesce(b.period, -100000)
                )
            )
    group by a.experiment_id, a.metric_id, a.first_treated_period, a.period, b.first_treated_period, b.period
)

select * from final
