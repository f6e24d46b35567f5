with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where cluster_id is null and numerator is not null
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('uplift', 'rct') and assignment_method = 'randomized'
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where metric_role = 'primary' and denominator_measure is null and aggregation <> 'quantile' and cluster_by is null
),

-- Trees read rows: of very many units a sample, the same on every run.
drawn as (
    select
        unit_metrics.experiment_id,
        unit_metrics.metric_id,
        unit_metrics.unit_type,
        unit_metrics.unit_id,
        {{ ai_impact.hash_key(['unit_metrics.experiment_id', 'unit_metrics.unit_id']) }} as unit_key,
        unit_metrics.arm,
        unit_metrics.assigned_at,
        unit_metrics.numerator as value,
        count(*) over (partition by unit_metrics.experiment_id, unit_metrics.metric_id) as n_units
    from unit_metrics
    inner join experiments on unit_metrics.experiment_id = experiments.experiment_id
    inner join metrics
        on
            unit_metrics.experiment_id = metrics.experiment_id
            and unit_metrics.metric_id = metrics.metric_id
),

numbered as (
    select
        drawn.*,
        row_number() over (partition by experiment_id, metric_id order by unit_key) as place
    from drawn
),

final as (
    select * from numbered
    where place <= {{ var('uplift_max_units') }}
)

select * from final
