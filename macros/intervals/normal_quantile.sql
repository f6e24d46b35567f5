{# The quantile of the standard normal distribution for 0.5 <= p < 1, worked out while compiling (Newton's steps from below; the
   distribution function by its power series). #}
{% macro normal_quantile(p) %}
    {%- set p = p | float -%}
    {%- if p < 0.5 or p > 0.9999999 -%}
        {{ exceptions.raise_compiler_error("normal_quantile takes 0.5 <= p < 1 but got " ~ p ~ ". Set confidence_level between 0 and 1, for example 0.95.") }}
    {%- endif -%}
    {%- set at = namespace(z=0.0, step=1.0) -%}
    {%- for step in range(40) if at.step | abs > 1e-14 -%}
        {%- set density = 0.3989422804014327 * 2.718281828459045 ** (-at.z * at.z / 2) -%}
        {%- set series = namespace(term=at.z, total=at.z) -%}
        {%- for k in range(1, 70) -%}
            {%- set series.term = series.term * at.z * at.z / (2 * k + 1) -%}
            {%- set series.total = series.total + series.term -%}
        {%- endfor -%}
        {%- set at.step = (p - 0.5 - density * series.total) / density -%}
        {%- set at.z = at.z + at.step -%}
    {%- endfor -%}
    {{- return(at.z) -}}
{% endmacro %}

{# The z of the two-sided intervals of KPIs. #}
{% macro interval_z() %}
    {{- return((ai_impact.normal_quantile(0.5 + (var('confidence_level') | float) / 2)) | round(12)) -}}
{% endmacro %}
