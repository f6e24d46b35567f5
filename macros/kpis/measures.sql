{# The head of every KPI model's rows: which cell, which KPI. #}
{% macro measure_keys(kpi_id) -%}
    period_key,
    use_case_id,
    team_id,
    '{{ kpi_id }}' as kpi_id
{%- endmacro %}

{# An interval without width is meaningless: both ends are NULL, as if one were unknown. #}
{% macro interval(low, high) -%}
    cast(case when {{ high }} > {{ low }} then {{ low }} end as {{ ai_impact.physical_type('double') }}) as ci_low,
    cast(case when {{ high }} > {{ low }} then {{ high }} end as {{ ai_impact.physical_type('double') }}) as ci_high
{%- endmacro %}

{# Value, numerator, denominator and n of a ratio, each in the type of the contract. #}
{% macro ratio_columns(numerator, denominator, n, scale=1) -%}
    cast({{ scale }} * {{ ai_impact.safe_divide(numerator, denominator) }} as {{ ai_impact.physical_type('double') }}) as value,
    cast({{ numerator }} as {{ ai_impact.physical_type('double') }}) as numerator,
    cast({{ denominator }} as {{ ai_impact.physical_type('double') }}) as denominator,
    cast({{ n }} as bigint) as n
{%- endmacro %}
