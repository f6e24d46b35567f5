{%- set products = ['n', 'x', 'xx', 'xy', 'xz', 'y', 'z'] -%}
with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where cluster_id is not null and covariate is not null and numerator is not null and aggregation <> 'quantile'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
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

within_arms as (
    {{ ai_impact.covariances_of_names('valued', 'cluster_id') }}
),

-- Of clusters that have units of the control too.
with_control as (
    select
        a.experiment_id,
        a.metric_id,
        a.arm,
        b.arm as arm_b,
        a.name as name_a,
        b.name as name_b,
        count(*) as n,
        avg(a.value) as mean_a,
        avg(b.value) as mean_b,
        covar_samp(a.value, b.value) as covariance
    from valued as a
    inner join experiments on a.experiment_id = experiments.experiment_id
    inner join valued as b
        on
            a.experiment_id = b.experiment_id
            and a.metric_id = b.metric_id
            and a.cluster_id = b.cluster_id
            and b.arm = experiments.control_arm
    where a.arm <> experiments.control_arm
    group by a.experiment_id, a.metric_id, a.arm, b.arm, a.name, b.name
),

-- Least squares on units with errors by cluster need no more of a cluster than these totals.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        arm as arm_b,
        name_a,
        name_b,
        n,
        mean_a,
        mean_b,
        covariance
    from within_arms
    union all
    select * from with_control
)

select * from final
