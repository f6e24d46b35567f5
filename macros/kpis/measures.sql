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

{# The columns of a rate of reported events: where none was ever reported, none was looked for, and that is not a rate of 0. #}
{% macro if_ever_reported(what, event_type) -%}
    period_key,
    use_case_id,
    team_id,
    kpi_id,
    case when most_reported > 0 then value end as value,
    numerator,
    denominator,
    n,
    case when most_reported > 0 then ci_low end as ci_low,
    case when most_reported > 0 then ci_high end as ci_high,
    case
        when most_reported = 0 then 'No {{ what }} was ever reported: task_events has no {{ event_type }}.'
    end as reason
{%- endmacro %}

{# Value, numerator, denominator and n of a ratio, each in the type of the contract. #}
{% macro ratio_columns(numerator, denominator, n, scale=1) -%}
    cast({{ scale }} * {{ ai_impact.safe_divide(numerator, denominator) }} as {{ ai_impact.physical_type('double') }}) as value,
    cast({{ numerator }} as {{ ai_impact.physical_type('double') }}) as numerator,
    cast({{ denominator }} as {{ ai_impact.physical_type('double') }}) as denominator,
    cast({{ n }} as bigint) as n
{%- endmacro %}
