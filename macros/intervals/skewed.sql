{#
    The columns that the interval of a difference of two means needs, of values that are never below 0: `difference`, `spread` (its
    standard error), `bend` (its skewness) and `events` (as how many events the smaller group's mean is known, as `events_of` of
    effects.py). Each group has its columns _n, _total and _squares. The values' own skewness is taken as twice their coefficient of
    variation over both groups, as in a gamma distribution: a third moment of a small group would miss the tail that it asks about.
#}
{% macro difference_of_means(one, other) -%}
    {%- set n = '(' ~ one ~ '_n + ' ~ other ~ '_n)' -%}
    {%- set total = '(' ~ one ~ '_total + ' ~ other ~ '_total)' -%}
    {%- set variation -%}
        {{ ai_impact.greatest([
            '0e0', one ~ '_squares + ' ~ other ~ '_squares - ' ~ total ~ ' * ' ~ total ~ ' / nullif(' ~ n ~ ', 0)'
        ]) }} / nullif({{ n }} - 1, 0)
        * {{ n }} * {{ n }} / nullif({{ total }} * {{ total }}, 0)
    {%- endset -%}
    {{ one }}_total / nullif({{ one }}_n, 0) - {{ other }}_total / nullif({{ other }}_n, 0) as difference,
    sqrt(
        {%- for group in [one, other] %}
        {{ ai_impact.greatest([
            '0e0', group ~ '_squares - ' ~ group ~ '_total * ' ~ group ~ '_total / nullif(' ~ group ~ '_n, 0)'
        ]) }}
        / nullif({{ group }}_n - 1, 0) / nullif({{ group }}_n, 0){{ ' +' if not loop.last }}
        {%- endfor %}
    ) as spread,
    2 * sqrt({{ variation }})
    * (1 / nullif({{ one }}_n * {{ one }}_n, 0) - 1 / nullif({{ other }}_n * {{ other }}_n, 0))
    / power(1 / nullif({{ one }}_n, 0) + 1 / nullif({{ other }}_n, 0), 1.5) as bend,
    {{ ai_impact.least([one ~ '_n', other ~ '_n']) }} / nullif({{ variation }}, 0) as events
{%- endmacro %}

{# One end of that interval, by Hall's transformation of a skewed mean (1992); side is -1 (low) or 1 (high). NULL below ten events,
   where it does not hold (docs/calibration.md). #}
{% macro skewed_bound(side) -%}
    {%- set z = -side * ai_impact.interval_z() -%}
    {%- set inner = '(1 + bend * (' ~ z ~ 'e0 - bend / 6))' -%}
    (case
        when events < 10 then null
        when abs(bend) < 1e-9 then difference - spread * {{ z }}e0
        when {{ inner }} > 0 then difference - spread * 3 / bend * (power({{ inner }}, 1 / 3e0) - 1)
        else difference + spread * 3 / bend * (power(-{{ inner }}, 1 / 3e0) + 1)
    end)
{%- endmacro %}

{# Why there is no such interval, in a sentence. #}
{% macro too_few_events() -%}
    case
        when events < 10
            then
                'No interval: few or unequal deals tell as much as '
                || cast(cast(floor(events) as {{ dbt.type_int() }}) as {{ dbt.type_string() }})
                || ' alike ones, and 10 are needed. Wait for more.'
    end
{%- endmacro %}
