{{ config(group='evidence') }}
-- Every unit of one arm is in the moments of every metric of its experiment, once, or counted as not known.
-- The baseline of a plan was not assigned.
with experiments as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

counts as (
    select * from {{ ref('ai_impact', 'moments_arm_counts') }}
    where n_units > 0
),

-- Clusters count the units within.
moments as (
    select experiment_id, metric_id, arm, case when n_units > 0 then n_units else n end as n
    from {{ ref('ai_impact', 'moments_unit_metrics') }}
    where segment = 'all' and arm <> '{{ ai_impact.baseline_arm() }}'
    union all
    select experiment_id, metric_id, arm, case when n_units > 0 then n_units else n end as n
    from {{ ref('ai_impact', 'moments_quantile_points') }}
    where segment = 'all' and arm <> '{{ ai_impact.baseline_arm() }}'
),

kinds as (
    select experiment_id, unit_type, count(*) as units from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
    group by experiment_id, unit_type
),

unknown as (
    select experiment_id, metric_id, arm, count(*) as n from {{ ref('ai_impact', 'int_unit_metrics') }}
    where numerator is null and n_unknown > 0
    group by experiment_id, metric_id, arm
),

expected as (
    select
        counts.experiment_id,
        experiments.metric_id,
        counts.arm,
        counts.n_units - coalesce(unknown.n, 0) as n_units
    from counts
    inner join experiments on counts.experiment_id = experiments.experiment_id
    inner join kinds on counts.experiment_id = kinds.experiment_id and experiments.unit_type = kinds.unit_type
    left join unknown
        on counts.experiment_id = unknown.experiment_id
            and experiments.metric_id = unknown.metric_id
            and counts.arm = unknown.arm
)

select expected.experiment_id, expected.metric_id, expected.arm, expected.n_units, moments.n
from expected
full join moments
    on expected.experiment_id = moments.experiment_id
        and expected.metric_id = moments.metric_id
        and expected.arm = moments.arm
where coalesce(expected.n_units, -1) <> coalesce(moments.n, 0)
