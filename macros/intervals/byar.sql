{# Byar's approximation to the exact interval of a Poisson count; side is -1 (low) or 1 (high). #}
{% macro byar(count, side) -%}
    {%- set z = ai_impact.interval_z() -%}
    {%- if side == -1 -%}
    (case
        when {{ count }} > 0 then {{ count }} * power(1 - 1 / (9e0 * {{ count }}) - {{ z / 3 }}e0 / sqrt({{ count }}), 3)
        when {{ count }} = 0 then 0.0
    end)
    {%- else -%}
    (({{ count }} + 1) * power(1 - 1 / (9e0 * ({{ count }} + 1)) + {{ z / 3 }}e0 / sqrt({{ count }} + 1), 3))
    {%- endif -%}
{%- endmacro %}
