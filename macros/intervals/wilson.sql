{# Wilson's score interval of a proportion; side is -1 (low) or 1 (high). NULL where there is nothing to take a share of. #}
{% macro wilson(successes, n, side) -%}
    {%- set z = ai_impact.interval_z() -%}
    (case
        when {{ n }} > 0 and {{ successes }} = {{ 0 if side == -1 else n }} then {{ '0.0' if side == -1 else '1.0' }}
        when {{ n }} > 0 then (
            {{ successes }} + {{ z * z / 2 }}e0
            + {{ side * z }}e0 * sqrt({{ successes }} * 1e0 * ({{ n }} - {{ successes }}) / {{ n }} + {{ z * z / 4 }}e0)
        ) / ({{ n }} + {{ z * z }}e0)
    end)
{%- endmacro %}
