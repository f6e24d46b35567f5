with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where metric_role = 'primary' and aggregation <> 'quantile' and cluster_by is null
),

unit_windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

{{ ai_impact.unit_weeks() }},

seen as (
    select
        experiment_id,
        metric_id,
        arm,
        week,
        count(numerator) as n_total,
        count(*) - count(numerator) as n_unknown,
        avg(numerator) as mean_y,
        var_samp(numerator) as var_y,
        avg(denominator) as mean_z,
        var_samp(denominator) as var_z,
        covar_samp(numerator, denominator) as cov_yz
    from totals
    group by experiment_id, metric_id, arm, week
),

sizes as (
    select
        experiment_id,
        metric_id,
        arm,
        whole_weeks,
        count(*) as units
    from windows
    group by experiment_id, metric_id, arm, whole_weeks
),

-- Units without an observation in a week count as 0; the number observed gives their number.
final as (
    select
        seen.experiment_id,
        seen.metric_id,
        seen.arm,
        cast(seen.week as {{ dbt.type_int() }}) as week,
        cast(sum(sizes.units) - max(seen.n_unknown) as {{ dbt.type_bigint() }}) as n,
        max(seen.n_total) as n_total,
        max(seen.mean_y) as mean_y,
        max(seen.var_y) as var_y,
        max(seen.mean_z) as mean_z,
        max(seen.var_z) as var_z,
        max(seen.cov_yz) as cov_yz
    from seen
    inner join sizes
        on
            seen.experiment_id = sizes.experiment_id
            and seen.metric_id = sizes.metric_id
            and seen.arm = sizes.arm
            and seen.week < sizes.whole_weeks
    group by seen.experiment_id, seen.metric_id, seen.arm, seen.week
)

select * from final
