{#- The points of an experiment's charts, one row per point: checks, balance, event study, counterfactual, uplift, units assigned. -#}
with checks as (
    select * from {{ ref('experiment_health') }}
),

balance as (
    select * from {{ ref('covariate_balance') }}
),

event_study as (
    select * from {{ ref('event_study') }}
),

counterfactual as (
    select * from {{ ref('counterfactual_series') }}
),

uplift as (
    select * from {{ ref('uplift_curve') }}
),

assignments as (
    select * from {{ ref('int_assignments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

experiments as (
    select * from {{ ref('experiments') }}
),

assigned as (
    select
        experiment_id,
        arm,
        cast({{ dbt.date_trunc('week', 'assigned_at') }} as date) as week,
        count(*) as units
    from assignments
    group by experiment_id, arm, cast({{ dbt.date_trunc('week', 'assigned_at') }} as date)
),

cumulated as (
    select
        *,
        sum(units) over (
            partition by experiment_id, arm order by week rows between unbounded preceding and current row
        ) as units_so_far
    from assigned
),

points as (
    {{ ai_impact.experiment_points() }}
),

final as (
    select
        {{ ai_impact.hash_key([
            'points.experiment_id', 'points.panel', 'points.metric_id', 'points.series', 'points.x_number', 'points.x_date'
        ]) }} as report_key,
        points.experiment_id,
        coalesce(experiments.name, points.experiment_id) as experiment,
        points.panel,
        points.metric_id,
        coalesce(metrics.name, points.metric_id) as metric,
        points.series,
        points.label,
        points.x_number,
        points.x_date,
        points.value,
        points.value_low,
        points.value_high,
        points.expected,
        points.n,
        points.state,
        points.value is not null as is_shown,
        points.reason
    from points
    left join experiments on points.experiment_id = experiments.experiment_id
    left join metrics on points.metric_id = metrics.metric_id
)

select * from final
