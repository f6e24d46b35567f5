{# All methods, each before its relative form; the plainest comparison of a design comes first. #}
{% macro methods() -%}
    {{- return([
        'difference_in_means', 'relative_difference', 'difference_in_quantiles', 'relative_difference_in_quantiles',
        'cuped', 'post_stratified', 'regression_adjusted', 'fixed_effects', 'did', 'staggered_did', 'two_way_fixed_effects',
        'doubly_robust', 'matched_did',
        'synthetic_did', 'structural_series', 'staggered_did_dynamic', 'staggered_did_group', 'staggered_did_calendar',
        'doubly_robust_rows', 'inverse_probability', 'overlap_weights', 'nearest_neighbour', 'nearest_neighbour_rows',
        'exact_matching', 'doubly_robust_ate', 'doubly_robust_ate_rows', 'inverse_probability_ate', 'inverse_probability_ate_rows',
        'weighted_regression_ate_rows', 'synthetic_control', 'synthetic_control_demeaned', 'synthetic_control_conformal',
        'trimmed_match', 'interrupted_series',
    ]) -}}
{%- endmacro %}

{# The place of a method among those of the same question and grade. #}
{% macro method_rank(method) -%}
    case
        {%- for name in ai_impact.methods() %}
            when {{ method }} in ('{{ name }}', '{{ name }}_relative') then {{ loop.index }}
        {%- endfor %}
        else {{ ai_impact.methods() | length + 1 }}
    end
{%- endmacro %}

{#
    0 for the method that the experiment registered as its primary one, on either scale; then the adjustment for the covariate that the
    metric registers; then all others.
#}
{% macro registered_rank(estimates, experiments, metrics) -%}
    {%- set method, primary_method = estimates ~ '.method', experiments ~ '.primary_method' -%}
    case
        when {{ method }} in ({{ primary_method }}, {{ primary_method }} || '_relative') then 0
        {%- for plain in ['difference_in_means', 'difference_in_quantiles'] %}
        {%- set relative = plain | replace('difference', 'relative_difference') | replace('_in_means', '') %}
        when
            {{ primary_method }} in ('{{ plain }}', '{{ relative }}') and {{ method }} in ('{{ plain }}', '{{ relative }}')
            then 0
        {%- endfor %}
        when coalesce({{ metrics }}.covariate, '') <> '' and {{ method }} in ('cuped', 'cuped_relative') then 1
        else 2
    end
{%- endmacro %}

{# What is quoted first: an estimate that was registered, then one of the best grade, then the adjusted, then the plainest. #}
{% macro order_of_methods() -%}
    case when estimate is null then 1 else 0 end,
    case when registered_rank = 0 then 0 else 1 end,
    coalesce(evidence_grade, 'Z'),
    registered_rank,
    {{ ai_impact.method_rank('method') }},
    method
{%- endmacro %}
