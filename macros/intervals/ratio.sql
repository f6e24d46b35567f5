{# The standard error of a ratio of sums y / z over n units by the delta method: sqrt((s_yy - 2 R s_yz + R² s_zz) / n) / mean of z.
   The sums of squares must be exact (exact_sum). NULL below two units, and where nothing varies: no spread is no precision. #}
{% macro ratio_std_error(n, y, z, yy, zz, yz) -%}
    {%- set ratio -%}(({{ y }}) * 1e0 / nullif({{ z }}, 0)){%- endset -%}
    {#- Σ(y - Rz)² is Σy² - 2RΣyz + R²Σz²; its mean is 0. What is left of rounding counts as nothing. -#}
    {%- set squares -%}(({{ yy }}) - 2 * {{ ratio }} * ({{ yz }}) + {{ ratio }} * {{ ratio }} * ({{ zz }})){%- endset -%}
    (case
        when {{ n }} > 1 and {{ squares }} > 1e-9 * (({{ yy }}) + {{ ratio }} * {{ ratio }} * ({{ zz }}))
            then sqrt({{ squares }} * {{ n }} / ({{ n }} - 1e0)) / nullif({{ z }}, 0)
    end)
{%- endmacro %}
