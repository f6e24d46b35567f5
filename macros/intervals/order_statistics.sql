{# A percentile of sorted values, interpolated as percentile_cont does. `values` may leave out values before and after those
   asked for: n counts all of them, n_before those left out before. #}
{% macro percentile_of(values, n_before, n, p) -%}
    {%- set place -%}(1 + ({{ n }} - 1) * {{ p }}){%- endset -%}
    {%- set low = ai_impact.array_at(values, 'floor(' ~ place ~ ') - ' ~ n_before, 'double') -%}
    {%- set high = ai_impact.array_at(values, 'ceil(' ~ place ~ ') - ' ~ n_before, 'double') -%}
    ({{ low }} + ({{ place }} - floor({{ place }})) * ({{ high }} - {{ low }}))
{%- endmacro %}

{# The distribution-free interval of a percentile: two order statistics around it (binomial ranks, normal approximation).
   NULL where a rank falls outside of the values. #}
{% macro order_statistic(values, n_before, n, p, side) -%}
    {%- set spread -%}{{ ai_impact.interval_z() }}e0 * sqrt({{ n }} * {{ p * (1 - p) }}){%- endset -%}
    {%- set low -%}floor({{ n }} * {{ p }} - {{ spread }}){%- endset -%}
    {%- set high -%}(ceil({{ n }} * {{ p }} + {{ spread }}) + 1){%- endset -%}
    (case
        when {{ low }} >= 1 and {{ high }} <= {{ n }}
            then {{ ai_impact.array_at(values, (low if side == -1 else high) ~ ' - ' ~ n_before, 'double') }}
    end)
{%- endmacro %}

{# Which of the values beside some percentiles, as the engine tells them without sorting, all order statistics above lie
   between: NULL where there are too few values for that, and everywhere on engines that can't tell. `position` counts the
   percentiles from 1, low before high. #}
{% macro surrounding(surroundings, n, p, position) -%}
    case
        when {{ n }} * {{ ai_impact.surrounding_share() }} >= {{ ai_impact.interval_z() }}e0 * sqrt({{ n }} * {{ p * (1 - p) }}) + 3
            then {{ ai_impact.array_at(surroundings, position, 'double') }}
    end
{%- endmacro %}

{# How far from a percentile its surroundings reach, as a share of all values: so few that they are cheap to sort, so many that a
   thousand values suffice for the interval to lie within. #}
{% macro surrounding_share() -%}0.04{%- endmacro %}

{# Inside a group: the sorted values between two ends, which may be NULL: all of them. #}
{% macro sorted_between(value, low, high) -%}
    {{ ai_impact.sorted_values('case when ' ~ value ~ ' < ' ~ low ~ ' or ' ~ value ~ ' > ' ~ high ~ ' then null else ' ~ value ~ ' end') }}
{%- endmacro %}
