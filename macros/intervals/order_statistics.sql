{# A percentile of sorted values, interpolated as percentile_cont does. #}
{% macro percentile_of(values, n, p) -%}
    {%- set place -%}(1 + ({{ n }} - 1) * {{ p }}){%- endset -%}
    (
        {{ ai_impact.array_at(values, 'floor(' ~ place ~ ')', 'double') }}
        + ({{ place }} - floor({{ place }})) * ({{ ai_impact.array_at(values, 'ceil(' ~ place ~ ')', 'double') }} - {{ ai_impact.array_at(values, 'floor(' ~ place ~ ')', 'double') }})
    )
{%- endmacro %}

{# The distribution-free interval of a percentile: two order statistics around it (binomial ranks, normal approximation).
   NULL where a rank falls outside of the values. #}
{% macro order_statistic(values, n, p, side) -%}
    {%- set z = ai_impact.interval_z() -%}
    {%- set spread -%}{{ z }}e0 * sqrt({{ n }} * {{ p * (1 - p) }}){%- endset -%}
    {%- set low -%}floor({{ n }} * {{ p }} - {{ spread }}){%- endset -%}
    {%- set high -%}(ceil({{ n }} * {{ p }} + {{ spread }}) + 1){%- endset -%}
    (case
        when {{ low }} >= 1 and {{ high }} <= {{ n }}
            then {{ ai_impact.array_at(values, low if side == -1 else high, 'double') }}
    end)
{%- endmacro %}
