{%- set bin = ai_impact.greatest(['-20', ai_impact.least(['20', 'floor(coalesce(score, 0) * 4)'])]) -%}
{%- set each_covariate = 'partition by windows.experiment_id, windows.metric_id, covariates.name' -%}
with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design = 'matched'
),

windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
    where aggregation <> 'quantile'
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where metric_role = 'primary'
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

-- All metrics of an experiment are compared between the same matches, by the primary metric's covariates, and only by
-- what was known before the unit chose.
scored as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        covariates.name,
        covariates.value,
        (covariates.value - avg(covariates.value) over ({{ each_covariate }}))
        / nullif(stddev_samp(covariates.value) over ({{ each_covariate }}), 0) as score
    from windows
    inner join experiments on windows.experiment_id = experiments.experiment_id
    inner join metrics on windows.experiment_id = metrics.experiment_id
    inner join covariates
        on
            windows.unit_type = covariates.unit_type
            and windows.unit_id = covariates.unit_id
            and {{ ai_impact.in_list('covariates.name', 'metrics.covariates') }}
            and windows.assigned_at = covariates.assigned_at
            and covariates.is_known_before
            and covariates.value is not null
),

-- Bins are quarters of a standard deviation.
final as (
    select
        scored.*,
        cast({{ bin }} as {{ dbt.type_int() }}) as bin
    from scored
)

select * from final
