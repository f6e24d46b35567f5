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

{#
    The sample covariance of the rows behind several groups, from each group's n, means and covariance (Chan, Golub and LeVeque).
    The group's rows carry the overall means as all_<mean>. A group of one row has no covariance, and adds none.
#}
{% macro merged_covariance(covariance, mean_a, mean_b) -%}
    (sum((n - 1) * coalesce({{ covariance }}, 0)) + sum(n * ({{ mean_a }} - all_{{ mean_a }}) * ({{ mean_b }} - all_{{ mean_b }})))
    / nullif(sum(n) - 1, 0)
{%- endmacro %}

{# The CTE `segmented`: rows of stratum and is_exposed, once for each part of the units that they belong to. #}
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
