{# The moments of a group of rows. var_samp and covar_samp centre the values; sums of squares would cancel. #}
{% macro moments(y='numerator', z='denominator', x='covariate') -%}
    avg({{ y }}) as mean_y,
    var_samp({{ y }}) as var_y,
    avg({{ z }}) as mean_z,
    var_samp({{ z }}) as var_z,
    avg({{ x }}) as mean_x,
    var_samp({{ x }}) as var_x,
    covar_samp({{ y }}, {{ z }}) as cov_yz,
    covar_samp({{ y }}, {{ x }}) as cov_yx,
    covar_samp({{ z }}, {{ x }}) as cov_zx
{%- endmacro %}

{# What decides whether moments are valid: counts of units with an unknown value or without a logarithm, and the smallest value. #}
{% macro reach_of(y='numerator') -%}
    count(*) - count({{ y }}) as n_unknown,
    min({{ y }}) as min_y
{%- endmacro %}

{# What `moments_of_sums` needs of a group of rows. Engines add several times as fast as they centre. #}
{% macro moment_sums(y='numerator', z='denominator', x='covariate') -%}
    min({{ y }}) as min_y,
    {%- for name, column in [('y', y), ('z', z), ('x', x)] %}
        count({{ column }}) as n_{{ name }},
        sum({{ column }}) as sum_{{ name }},
    {%- endfor %}
    {%- for name, a, b in [('yy', y, y), ('zz', z, z), ('xx', x, x), ('yz', y, z), ('yx', y, x), ('zx', z, x)] %}
        sum({{ a }} * {{ b }}) as sum_{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Every denominator is 1, as in a metric per unit: (z - 1)² adds up to 0. #}
{% macro is_one_throughout() -%}
    sum_z = n and sum_zz = n
{%- endmacro %}

{# The squares about the mean are at least a hundredth of the squares: no more than two of sixteen digits are lost. #}
{% macro is_spread(name) -%}
    sum_{{ name }}{{ name }} - sum_{{ name }} * (sum_{{ name }} / n) >= 0.01 * sum_{{ name }}{{ name }}
{%- endmacro %}

{# Are moments of these sums as good as centred ones? Only if no value is missing, or every covariate is. #}
{% macro are_sums_exact() -%}
    coalesce(
        n_y = n
        and n_z = n
        and {{ ai_impact.is_spread('y') }}
        and ({{ ai_impact.is_one_throughout() }} or {{ ai_impact.is_spread('z') }})
        and (n_x = 0 or (n_x = n and {{ ai_impact.is_spread('x') }})),
        false
    )
{%- endmacro %}

{# The moments of `moments`, from the sums of `moment_sums`. #}
{% macro moments_of_sums() -%}
    {%- for a in ['y', 'z', 'x'] %}
        sum_{{ a }} / n as mean_{{ a }},
        (sum_{{ a }}{{ a }} - sum_{{ a }} * (sum_{{ a }} / n)) / nullif(n - 1, 0) as var_{{ a }},
    {%- endfor %}
    {%- for a, b in [('y', 'z'), ('y', 'x'), ('z', 'x')] %}
        (sum_{{ a }}{{ b }} - sum_{{ a }} * (sum_{{ b }} / n)) / nullif(n - 1, 0) as cov_{{ a }}{{ b }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    The sample covariance of the rows behind several groups, from each group's n, means and covariance (Chan, Golub and LeVeque).
    The group's rows carry the overall means as all_<mean>. A group of one row has no covariance, and adds none.
#}
{% macro merged_covariance(covariance, mean_a, mean_b) -%}
    (sum((n - 1) * coalesce({{ covariance }}, 0)) + sum(n * ({{ mean_a }} - all_{{ mean_a }}) * ({{ mean_b }} - all_{{ mean_b }})))
    / nullif(sum(n) - 1, 0)
{%- endmacro %}

{# The level of a metric over all arms that `relation` is cut by: totals above it don't cancel. #}
{% macro common_level(groups) -%}
    coalesce({{ ai_impact.safe_divide(
        'sum(numerator) over (partition by ' ~ groups ~ ')', 'sum(denominator) over (partition by ' ~ groups ~ ')'
    ) }}, 0)
{%- endmacro %}

{#
    The CTE `paired`: a cluster's totals in an arm beside those of the same cluster in the control arm, where it has units of both. It reads
    `experiments` and the totals `excess` (of the numerator above the common level) and `denominator`; `cluster_id` may be NULL.
#}
{% macro paired_with_control(relation) -%}
paired as (
    select
        {{ relation }}.*,
        {%- for name in ['excess', 'denominator'] %}
        case
            when {{ relation }}.cluster_id is not null and {{ relation }}.arm <> experiments.control_arm
                then max(case when {{ relation }}.arm = experiments.control_arm then {{ relation }}.{{ name }} end) over (
                    partition by
                        {{ relation }}.experiment_id,
                        {{ relation }}.metric_id,
                        {{ relation }}.segment,
                        {{ relation }}.cluster_id
                )
        end as control_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    left join experiments on {{ relation }}.experiment_id = experiments.experiment_id
)
{%- endmacro %}

{# What an arm's clusters have in common with the control's, of rows of `paired`: see `Shared` in ai_impact_stats. #}
{% macro shared_sums() -%}
    count(control_denominator) as n_shared,
    max(level) as shared_centre,
    sum(excess * control_excess) as shared_yy,
    sum(excess * control_denominator) as shared_yz,
    sum(denominator * control_excess) as shared_zy,
    sum(denominator * control_denominator) as shared_zz
{%- endmacro %}

{# The names of the columns of `shared_sums`. #}
{% macro shared_names() -%}
    {{- return(['n_shared', 'shared_centre', 'shared_yy', 'shared_yz', 'shared_zy', 'shared_zz']) -}}
{%- endmacro %}

{#
    The CTE `levered`: clusters' totals with their share of the arm's denominator, and how far the numerator lies from the arm's ratio.
#}
{% macro levered(relation) -%}
arm_totals as (
    select
        {{ relation }}.*,
        sum(numerator) over (partition by experiment_id, metric_id, segment, arm) as arm_numerator,
        sum(denominator) over (partition by experiment_id, metric_id, segment, arm) as arm_denominator
    from {{ relation }}
),

levered as (
    select
        arm_totals.*,
        {{ ai_impact.safe_divide('denominator', 'arm_denominator') }} as share_of_arm,
        numerator - denominator * {{ ai_impact.safe_divide('arm_numerator', 'arm_denominator') }} as residual
    from arm_totals
)
{%- endmacro %}

{# What the leverage of clusters does to their error, of rows of `levered`: see `Leverage` in ai_impact_stats. #}
{% macro leverage_sums() -%}
    {%- set weighted = 'share_of_arm * share_of_arm / nullif(1 - share_of_arm, 0)' -%}
    sum(residual * residual / nullif(1 - share_of_arm, 0)) as leverage_scatter,
    sum(share_of_arm * share_of_arm * share_of_arm) as leverage_cubes,
    sum({{ weighted }}) as leverage_sizes,
    sum(({{ weighted }}) * ({{ weighted }})) as leverage_squares
{%- endmacro %}

{# The names of the columns of `leverage_sums`. #}
{% macro leverage_names() -%}
    {{- return(['leverage_scatter', 'leverage_cubes', 'leverage_sizes', 'leverage_squares']) -}}
{%- endmacro %}

{# The CTE `segmented`: rows of stratum and is_exposed, once for each segment of the units that they belong to. #}
{% macro segmented(relation) -%}
-- Where some units have a stratum, those without are one more: strata together are all units.
parted as (
    select
        *,
        max(stratum) over (partition by experiment_id) is not null as has_strata
    from {{ relation }}
),

segmented as (
    select
        parted.*,
        'all' as segment
    from parted
    union all
    select
        parted.*,
        'triggered' as segment
    from parted
    where is_exposed
    union all
    select
        parted.*,
        'stratum=' || coalesce(stratum, '(none)') as segment
    from parted
    where has_strata
)
{%- endmacro %}

{#
    The CTEs `windows`, how many whole weeks a unit was observed, and `totals`, what one unit added up to in one week: of units of which
    anything was seen in it; NULL where a part of that is not known. They read `experiments`, `metrics`, `unit_windows` and `measures`.
#}
{% macro unit_weeks() -%}
-- Weeks that lie wholly in the window and in the data: a week that was cut short would look like a fading effect.
windows as (
    select
        unit_windows.*,
        floor({{ ai_impact.hours_between(
            'unit_windows.window_starts_at', ai_impact.least(['unit_windows.window_ends_at', 'experiments.data_end'])
        ) }} / 168) as whole_weeks
    from unit_windows
    inner join metrics
        on
            unit_windows.experiment_id = metrics.experiment_id
            and unit_windows.metric_id = metrics.metric_id
    inner join experiments on unit_windows.experiment_id = experiments.experiment_id
),

timed as (
    select
        windows.*,
        floor({{ ai_impact.hours_between('windows.window_starts_at', 'measures.occurred_at') }} / 168) as week,
        {{ ai_impact.measured_value('numerator', 'windows') }} as numerator,
        {{ ai_impact.measured_value('denominator', 'windows') }} as denominator,
        {{ ai_impact.is_value_unknown('windows') }} as is_unknown
    from windows
    inner join measures
        on
            windows.unit_type = measures.unit_type
            and windows.unit_id = measures.unit_id
            and measures.measure in (windows.numerator_measure, windows.denominator_measure)
            and measures.occurred_at >= windows.window_starts_at
            and {{ ai_impact.hours_between('windows.window_starts_at', 'measures.occurred_at') }}
            < windows.whole_weeks * 168
),

totals as (
    select
        experiment_id,
        metric_id,
        arm,
        cluster_id,
        week,
        case
            when max(is_unknown) = 1 and (aggregation <> 'proportion' or coalesce(sum(numerator), 0) <= 0) then null
            when aggregation <> 'proportion' then coalesce(sum(numerator), 0)
            when sum(numerator) > 0 then 1
            else 0
        end as numerator,
        case
            when max(is_unknown) = 1 and (aggregation <> 'proportion' or coalesce(sum(numerator), 0) <= 0) then null
            when denominator_measure is null then 1
            else coalesce(sum(denominator), 0)
        end as denominator
    from timed
    group by experiment_id, metric_id, arm, cluster_id, unit_id, week, aggregation, denominator_measure
)
{%- endmacro %}

{# The CTE `parted`: units of quantiles, once as a whole and once for the segment of each dimension that they lie in. #}
{% macro parted_quantiles() -%}
parted as (
    select
        unit_metrics.experiment_id,
        unit_metrics.metric_id,
        'all' as segment,
        unit_metrics.arm,
        unit_metrics.quantile,
        coalesce(unit_metrics.cluster_id, unit_metrics.unit_id) as cluster_id,
        unit_metrics.cluster_id is not null as is_clustered,
        unit_metrics.numerator
    from unit_metrics
    union all
    select
        unit_metrics.experiment_id,
        unit_metrics.metric_id,
        {{ ai_impact.segment_of('unit_dimensions.dimension', 'segments.shown_as') }} as segment,
        unit_metrics.arm,
        unit_metrics.quantile,
        coalesce(unit_metrics.cluster_id, unit_metrics.unit_id) as cluster_id,
        unit_metrics.cluster_id is not null as is_clustered,
        unit_metrics.numerator
    from unit_metrics
    inner join unit_dimensions
        on
            unit_metrics.experiment_id = unit_dimensions.experiment_id
            and unit_metrics.unit_id = unit_dimensions.unit_id
    inner join segments
        on
            unit_dimensions.experiment_id = segments.experiment_id
            and unit_dimensions.dimension = segments.dimension
            and unit_dimensions.dimension_value = segments.dimension_value
)
{%- endmacro %}

{# Of each arm (and what else units are grouped by) and pair of names, in order: how many units, the means and the covariance. Each
   unit has all names. #}
{% macro covariances_of_names(relation, unit, further=[]) -%}
select
        a.experiment_id,
        a.metric_id,
        a.arm,
        {%- for column in further %}
        a.{{ column }},
        {%- endfor %}
        a.name as name_a,
        b.name as name_b,
        count(*) as n,
        avg(a.value) as mean_a,
        avg(b.value) as mean_b,
        covar_samp(a.value, b.value) as covariance
    from {{ relation }} as a
    inner join {{ relation }} as b
        on
            a.experiment_id = b.experiment_id
            and a.metric_id = b.metric_id
            and a.arm = b.arm
            and a.{{ unit }} = b.{{ unit }}
            and a.name <= b.name
    group by
        a.experiment_id, a.metric_id, a.arm, {% for column in further %}a.{{ column }}, {% endfor %}a.name, b.name
{%- endmacro %}
