{#- The points of experiments' charts: checks, balance, event study, counterfactual, uplift, units assigned. -#}
with {{ ai_impact.imports([
    'experiment_health', 'covariate_balance', 'event_study', 'counterfactual_series', 'uplift_curve', 'int_assignments',
    'int_metric_catalog', 'experiments'
]) }},

assigned as (
    select
        experiment_id,
        arm,
        cast({{ dbt.date_trunc('week', 'assigned_at') }} as date) as week,
        count(*) as units
    from int_assignments
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
        points.*,
        {{ ai_impact.named('points', ['experiment', 'metric']) }},
        points.value is not null as is_shown,
        loads.as_of
    from points
    left join experiments on points.experiment_id = experiments.experiment_id
    left join int_metric_catalog on points.metric_id = int_metric_catalog.metric_id
    cross join loads
)

select * from final
