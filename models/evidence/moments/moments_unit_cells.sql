with unit_metrics as {{ ai_impact.inlined() }} (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where metric_number is not null
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

unit_groups as (
    select * from {{ ref('ai_impact', 'int_unit_cells') }}
),

-- One scan for all metrics. Everything that is said of a part of the units is put together from these cells.
sums as (
    select
        metric_number,
        group_number,
        count(*) as n,
        {{ ai_impact.moment_sums() }}
    from unit_metrics
    group by metric_number, group_number
),

judged as (
    select
        *,
        {{ ai_impact.are_sums_exact() }} as is_exact
    from sums
),

-- Where values lie close together far from 0, sums of squares cancel: the few cells of such are read again and centred.
valued as (
    select
        metric_number,
        group_number,
        n,
        n - n_y as n_unknown,
        min_y,
        {{ ai_impact.moments_of_sums() }}
    from judged
    where is_exact
    union all
    select
        unit_metrics.metric_number,
        unit_metrics.group_number,
        count(*) as n,
        {{ ai_impact.reach_of('unit_metrics.numerator') }},
        {{ ai_impact.moments() }}
    from unit_metrics
    inner join judged
        on
            unit_metrics.metric_number = judged.metric_number
            and unit_metrics.group_number = judged.group_number
    where not judged.is_exact
    group by unit_metrics.metric_number, unit_metrics.group_number
),

final as (
    select
        metrics.experiment_id,
        metrics.metric_id,
        unit_groups.arm,
        unit_groups.stratum,
        unit_groups.is_exposed,
        valued.n,
        valued.mean_y,
        valued.var_y,
        valued.mean_z,
        valued.var_z,
        valued.mean_x,
        valued.var_x,
        valued.cov_yz,
        valued.cov_yx,
        valued.cov_zx,
        valued.n_unknown,
        valued.min_y
    from valued
    inner join metrics on valued.metric_number = metrics.metric_number
    inner join unit_groups
        on
            metrics.experiment_id = unit_groups.experiment_id
            and valued.group_number = unit_groups.group_number
)

select * from final
