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

{# What `moments_of_sums` needs of a group of rows. Engines add several times as fast as they centre. #}
{% macro moment_sums(y='numerator', z='denominator', x='covariate') -%}
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
