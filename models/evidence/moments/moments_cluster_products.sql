{%- set products = ['n', 'x', 'xx', 'xy', 'xz', 'y', 'z'] -%}
with unit_metrics as (
    select * from {{ ref('int_unit_metrics') }}
    where cluster_id is not null and covariate is not null and numerator is not null and aggregation <> 'quantile'
),

-- Over all arms, so that squares of the covariate don't cancel.
centred as (
    select
        *,
        covariate - avg(covariate) over (partition by experiment_id, metric_id) as distance
    from unit_metrics
),

totals as (
    select
        experiment_id,
        metric_id,
        arm,
        cluster_id,
        cast(count(*) as {{ ai_impact.physical_type('double') }}) as total_n,
        sum(distance) as total_x,
        sum(distance * distance) as total_xx,
        sum(distance * numerator) as total_xy,
        sum(distance * denominator) as total_xz,
        sum(numerator) as total_y,
        sum(denominator) as total_z
    from centred
    group by experiment_id, metric_id, arm, cluster_id
),

valued as (
    {%- for name in products %}
        select
            experiment_id,
            metric_id,
            arm,
            cluster_id,
            '{{ name }}' as name,
            total_{{ name }} as value
        from totals
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Least squares on units with errors by cluster need no more of a cluster than these totals.
final as (
    {{ ai_impact.covariances_of_names('valued', 'cluster_id') }}
)

select * from final
