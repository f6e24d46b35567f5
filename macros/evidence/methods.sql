{# The place of a method among those of the same question and grade: the plainest comparison of a design comes first. #}
{% macro method_rank(method) -%}
    {%- set order = [
        'difference_in_means', 'relative_difference', 'difference_in_quantiles', 'relative_difference_in_quantiles',
        'cuped', 'post_stratified', 'regression_adjusted', 'fixed_effects', 'did', 'staggered_did', 'doubly_robust', 'matched_did',
        'synthetic_did', 'structural_series', 'staggered_did_dynamic', 'staggered_did_group', 'staggered_did_calendar',
        'doubly_robust_rows', 'inverse_probability', 'overlap_weights', 'nearest_neighbour', 'nearest_neighbour_rows',
        'exact_matching', 'doubly_robust_ate', 'synthetic_control', 'synthetic_control_demeaned',
        'synthetic_control_conformal', 'trimmed_match', 'interrupted_series',
    ] -%}
    case
        {%- for name in order %}
            when {{ method }} in ('{{ name }}', '{{ name }}_relative') then {{ loop.index }}
        {%- endfor %}
        else {{ order | length + 1 }}
    end
{%- endmacro %}
