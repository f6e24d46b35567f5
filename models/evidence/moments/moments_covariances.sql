{%- set own = [
    ('(y)', 'numerator'),
    ('(z)', 'denominator'),
    ('pre_period', 'coalesce(past_numerator - coalesce(past_ratio, 0) * past_denominator, 0)'),
] -%}
with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where {{ ai_impact.lists_several('covariates') }} and aggregation <> 'quantile' and numerator is not null
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

units as (
    select
        *,
        coalesce(cluster_id, unit_id) as observation,
        case when cluster_id is null then stratum end as own_stratum,
        {{ ai_impact.safe_divide(
            'sum(past_numerator) over (partition by experiment_id, metric_id)',
            'sum(case when past_numerator is not null then past_denominator end)'
            ~ ' over (partition by experiment_id, metric_id)'
        ) }} as past_ratio
    from unit_metrics
),

known as (
    select
        units.experiment_id,
        units.metric_id,
        units.unit_id,
        covariates.name,
        covariates.value
    from units
    inner join covariates
        on
            units.unit_type = covariates.unit_type
            and units.unit_id = covariates.unit_id
            and units.assigned_at = covariates.assigned_at
            and covariates.is_known_before
            and covariates.value is not null
            and {{ ai_impact.in_list('covariates.name', 'units.covariates') }}
),

centres as (
    select
        experiment_id,
        metric_id,
        name,
        avg(value) as centre
    from known
    group by experiment_id, metric_id, name
),

-- Distances from the mean over all arms: 0 where nothing is known, and what a cluster's units add up to.
valued as (
    {%- for name, value in own %}
        select
            experiment_id,
            metric_id,
            arm,
            own_stratum,
            observation,
            '{{ name }}' as name,
            {{ value }} as value
        from units
        {{ "where " ~ ai_impact.in_list("'pre_period'", 'covariates') if loop.last }}
        union all
    {%- endfor %}
    select
        units.experiment_id,
        units.metric_id,
        units.arm,
        units.own_stratum,
        units.observation,
        centres.name,
        coalesce(known.value - centres.centre, 0) as value
    from units
    inner join centres
        on
            units.experiment_id = centres.experiment_id
            and units.metric_id = centres.metric_id
    left join known
        on
            units.experiment_id = known.experiment_id
            and units.metric_id = known.metric_id
            and units.unit_id = known.unit_id
            and centres.name = known.name
),

totals as (
    select
        experiment_id,
        metric_id,
        arm,
        own_stratum as stratum,
        observation,
        name,
        sum(value) as value
    from valued
    group by experiment_id, metric_id, arm, own_stratum, observation, name
),

final as (
    {{ ai_impact.covariances_of_names('totals', 'observation', ['stratum']) }}
)

select * from final
