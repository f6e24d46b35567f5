-- depends_on: {{ ref('ai_impact', 'stg_outcome_events') }}
{{ config(
    post_hook="{{ ai_impact.check_measures(
        this, ref('ai_impact', 'int_experiments'), ref('ai_impact', 'stg_outcome_events')
    ) }}"
) }}

with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_metric_catalog') }}
),

roles as (
    select
        experiments.experiment_id,
        metrics.metric_id,
        experiments.unit_type,
        case
            when {{ ai_impact.in_list('metrics.metric_id', 'experiments.primary_metric_id') }} then 'primary'
            when {{ ai_impact.in_list('metrics.metric_id', 'experiments.secondary_metric_ids') }} then 'secondary'
            when {{ ai_impact.in_list('metrics.metric_id', 'experiments.guardrail_metric_ids') }} then 'guardrail'
        end as metric_role,
        metrics.aggregation,
        cast(metrics.numerator_measure as {{ dbt.type_string() }}) as numerator_measure,
        cast(metrics.denominator_measure as {{ dbt.type_string() }}) as denominator_measure,
        cast(metrics.transform as {{ dbt.type_string() }}) as transform,
        coalesce(cast(metrics.quantile as {{ ai_impact.physical_type('double') }}), 0.5) as quantile,
        coalesce(cast(metrics.winsorize_at as {{ ai_impact.physical_type('double') }}), 0.99) as winsorize_at,
        coalesce(cast(metrics.window_from as {{ dbt.type_string() }}) = 'exposure', false) as is_from_exposure,
        -- The first of several is what a single covariate would be; moments_covariances holds them all.
        {{ ai_impact.first_in_list('metrics.covariate') }} as covariate,
        cast(metrics.covariate as {{ dbt.type_string() }}) as covariates,
        case when experiments.cluster_by <> experiments.unit_type then experiments.cluster_by end as cluster_by,
        cast(metrics.window_days as {{ dbt.type_int() }}) as window_days,
        experiments.ends_at,
        cast(
            floor({{ ai_impact.hours_between('experiments.starts_at', 'experiments.ends_at') }} / 24)
            as {{ dbt.type_int() }}
        ) as length_days
    from experiments
    cross join metrics
),

final as (
    select
        experiment_id,
        metric_id,
        unit_type,
        metric_role,
        aggregation,
        numerator_measure,
        denominator_measure,
        {{ ai_impact.are_measures_paired() }} as is_paired,
        transform,
        quantile,
        winsorize_at,
        is_from_exposure,
        covariate,
        covariates,
        cluster_by,
        window_days,
        ends_at,
        -- The past is as long as the window that it is compared with.
        coalesce(window_days, length_days, 0) as pre_period_days,
        cast(row_number() over (order by experiment_id, metric_id) as {{ dbt.type_int() }}) as metric_number
    from roles
    where metric_role is not null
)

select * from final
