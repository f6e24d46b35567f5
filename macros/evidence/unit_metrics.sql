{# What one unit adds up to, of one measure, on one side of its assignment (`>=`: in its window, `<`: in its past). #}
{% macro unit_total(measure, side) -%}
    coalesce({{ ai_impact.exact_sum('measures.value', 'measures.measure = ' ~ measure ~ ' and measures.occurred_at ' ~ side ~ ' windows.assigned_at') }}, 0)
{%- endmacro %}

{# A unit of which nothing was seen has 0. A proportion asks only whether anything was seen. #}
{% macro unit_numerator(total) -%}
    case when windows.aggregation <> 'proportion' then coalesce({{ total }}, 0) when {{ total }} > 0 then 1 else 0 end
{%- endmacro %}

{# A metric without a denominator is per unit. #}
{% macro unit_denominator(total) -%}
    case when windows.denominator_measure is null then 1 else coalesce({{ total }}, 0) end
{%- endmacro %}
