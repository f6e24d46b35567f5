with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where metric_role = 'primary' and aggregation <> 'quantile' and cluster_by is not null
),

unit_windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

{{ ai_impact.unit_weeks() }},

weeks as (
    select distinct
        experiment_id,
        metric_id,
        week
    from totals
),

-- Every unit that was observed throughout the week counts, whether or not anything was seen of it.
observed as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.arm,
        windows.cluster_id,
        weeks.week,
        count(*) as n_units,
        count(case when windows.denominator_measure is null then 1 end) as n_per_unit
    from windows
    inner join weeks
        on
            windows.experiment_id = weeks.experiment_id
            and windows.metric_id = weeks.metric_id
            and windows.whole_weeks > weeks.week
    group by windows.experiment_id, windows.metric_id, windows.arm, windows.cluster_id, weeks.week
),

seen as (
    select
        experiment_id,
        metric_id,
        arm,
        cluster_id,
        week,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) - count(numerator) as n_unknown
    from totals
    group by experiment_id, metric_id, arm, cluster_id, week
),

clusters as (
    select
        observed.experiment_id,
        observed.metric_id,
        observed.arm,
        observed.week,
        observed.n_units,
        cast(coalesce(seen.numerator, 0) as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(case
            when observed.n_per_unit > 0 then observed.n_per_unit - coalesce(seen.n_unknown, 0)
            else coalesce(seen.denominator, 0)
        end as {{ ai_impact.physical_type('double') }}) as denominator
    from observed
    left join seen
        on
            observed.experiment_id = seen.experiment_id
            and observed.metric_id = seen.metric_id
            and observed.arm = seen.arm
            and observed.cluster_id = seen.cluster_id
            and observed.week = seen.week
),

final as (
    select
        experiment_id,
        metric_id,
        arm,
        cast(week as {{ dbt.type_int() }}) as week,
        count(*) as n,
        cast(sum(n_units) as {{ dbt.type_bigint() }}) as n_units,
        avg(numerator) as mean_y,
        var_samp(numerator) as var_y,
        avg(denominator) as mean_z,
        var_samp(denominator) as var_z,
        covar_samp(numerator, denominator) as cov_yz
    from clusters
    group by experiment_id, metric_id, arm, week
)

select * from final
