{{ config(materialized='view') }}

with assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
),

-- Everyone who was assigned counts, exposed or not (intention to treat), and from the moment of the assignment.
final as (
    select
        assignments.experiment_id,
        metrics.metric_id,
        metrics.aggregation,
        metrics.numerator_measure,
        metrics.denominator_measure,
        metrics.covariate,
        assignments.unit_type,
        assignments.unit_id,
        assignments.arm,
        assignments.stratum,
        assignments.assigned_at,
        case
            when metrics.window_days is null then metrics.ends_at
            else {{ ai_impact.add_time('day', 'metrics.window_days', 'assignments.assigned_at') }}
        end as window_ends_at,
        {{ ai_impact.add_time('day', '-metrics.pre_period_days', 'assignments.assigned_at') }} as pre_starts_at
    from assignments
    inner join metrics
        on
            assignments.experiment_id = metrics.experiment_id
            and assignments.unit_type = metrics.unit_type
)

select * from final
