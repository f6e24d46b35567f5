with experiments as (
    select * from {{ ref('int_experiments') }}
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where metric_role = 'primary' and aggregation <> 'quantile' and cluster_by is null
),

unit_windows as (
    select * from {{ ref('int_unit_windows') }}
),

measures as (
    select * from {{ ref('int_unit_measures') }}
),

-- Weeks that lie wholly in the window and in the data: a week that was cut short would look like a fading effect.
windows as (
    select
        unit_windows.*,
        floor({{ ai_impact.hours_between(
            'unit_windows.window_starts_at', ai_impact.least(['unit_windows.window_ends_at', 'experiments.data_end'])
        ) }} / 168) as whole_weeks
    from unit_windows
    inner join metrics
        on
            unit_windows.experiment_id = metrics.experiment_id
            and unit_windows.metric_id = metrics.metric_id
    inner join experiments on unit_windows.experiment_id = experiments.experiment_id
),

timed as (
    select
        windows.*,
        floor({{ ai_impact.hours_between('windows.window_starts_at', 'measures.occurred_at') }} / 168) as week,
        case when measures.measure = windows.numerator_measure then measures.value end as numerator,
        case when measures.measure = windows.denominator_measure then measures.value end as denominator
    from windows
    inner join measures
        on
            windows.unit_type = measures.unit_type
            and windows.unit_id = measures.unit_id
            and measures.measure in (windows.numerator_measure, windows.denominator_measure)
            and measures.occurred_at >= windows.window_starts_at
            and {{ ai_impact.hours_between('windows.window_starts_at', 'measures.occurred_at') }}
            < windows.whole_weeks * 168
),

totals as (
    select
        experiment_id,
        metric_id,
        arm,
        week,
        case
            when aggregation <> 'proportion' then coalesce(sum(numerator), 0)
            when sum(numerator) > 0 then 1
            else 0
        end as numerator,
        case when denominator_measure is null then 1 else coalesce(sum(denominator), 0) end as denominator
    from timed
    group by experiment_id, metric_id, arm, unit_id, week, aggregation, denominator_measure
),

seen as (
    select
        experiment_id,
        metric_id,
        arm,
        week,
        count(*) as n_seen,
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

-- Units of which nothing was seen in a week count with 0: how many are observed in it tells how many those are.
final as (
    select
        seen.experiment_id,
        seen.metric_id,
        seen.arm,
        cast(seen.week as {{ dbt.type_int() }}) as week,
        cast(sum(sizes.units) as {{ dbt.type_bigint() }}) as n,
        max(seen.n_seen) as n_seen,
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
