{# What was seen and could not be counted is said, with why. #}
{% macro left_out_reason(n, n_total, problem) -%}
    case
        when {{ n_total }} > {{ n }}
            then cast({{ n_total }} - {{ n }} as {{ dbt.type_string() }}) || ' of ' || cast({{ n_total }} as {{ dbt.type_string() }})
                || ' left out: ' || coalesce({{ problem }}, 'It has no value.')
    end
{%- endmacro %}

{# What there is, and how often, as a sentence; NULL where there is none. #}
{% macro counted_sentence(words, n) -%}
    case when {{ n }} > 0 then '{{ words }}: ' || cast({{ n }} as {{ dbt.type_string() }}) || '.' end
{%- endmacro %}

{# Sentences, one after the other, of those that there are; NULL where there are none. #}
{% macro said_together(sentences) -%}
    nullif(trim({% for sentence in sentences %}coalesce({{ sentence }} || ' ', ''){{ " || " if not loop.last }}{% endfor %}), '')
{%- endmacro %}

{# One end of the interval of a survivor share, in percent, by log-minus-log; side is -1 (low) or 1 (high). NULL where all or none are
   left, because there is no spread. #}
{% macro loglog_bound(share, greenwood, side) -%}
    (case
        when {{ share }} > 0 and {{ share }} < 1
            then 100 * power({{ share }}, exp({{ -side * ai_impact.interval_z() }}e0 * sqrt({{ greenwood }}) / -ln({{ share }})))
    end)
{%- endmacro %}

{# The rows of one survey KPI in percent: all answers of a period, or the share of accounts that answered. #}
{% macro survey_rows(kpi_id, mean, n, low, high, reason) -%}
    {%- set double = ai_impact.physical_type('double') -%}
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        {{ kpi_id }} as kpi_id,
        cast(100 * ({{ mean }}) as {{ double }}) as value,
        cast({{ n }} * ({{ mean }}) as {{ double }}) as numerator,
        cast({{ n }} as {{ double }}) as denominator,
        cast({{ n }} as bigint) as n,
        {{ ai_impact.interval('100 * (' ~ low ~ ')', '100 * (' ~ high ~ ')') }},
        {{ reason }} as reason
    from weighted
{%- endmacro %}

{# One end of the interval of a total over chance events: a count is Poisson, a sum of amounts compound Poisson. #}
{% macro total_bound(n, total, squares, side) -%}
    (case
        when {{ squares }} = {{ n }} and {{ total }} = {{ n }} then {{ ai_impact.byar(n, side) }}
        when {{ n }} > 1 then {{ total }} + {{ side * ai_impact.interval_z() }}e0 * sqrt({{ squares }})
    end)
{%- endmacro %}

{# Half the width of a KPI's interval, on a logarithmic scale; 0 where none is known. #}
{% macro log_width(kpi) -%}
    coalesce(case when {{ kpi }}.ci_low > 0 then (ln({{ kpi }}.ci_high) - ln({{ kpi }}.ci_low)) / 2 end, 0)
{%- endmacro %}
