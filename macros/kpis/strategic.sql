{# KPIs about single people, of whom a month has few: reported for rolling windows, not for months, so that none can be had from them by
   subtraction. #}
{% macro kpis_of_windows() %}
    {{- return(['interviewer_rating', 'hire_performance', 'hire_retention_180d']) -}}
{% endmacro %}

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
    nullif(trim({% for sentence in sentences %}coalesce({{ sentence }}, ''){{ " || ' ' || " if not loop.last }}{% endfor %}), '')
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
        {{ reason }} as reason,
        cast(n_total as bigint) as n_people,
        n_total between 1 and {{ var('k_anonymity') }} - 1 as is_suppressed
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

{# From cells with a line (KPI and use case): the runs of months that are hidden together, by KPI. A month that must not be shown is
   hidden with the next of its line that may be, or the last one before; what overlaps or touches is one run, in all lines of the KPI. #}
{% macro hidden_months(relation) -%}
    {%- set running = 'rows between unbounded preceding and current row' -%}
    select
        kpi_id,
        min(period_start) as first_month,
        max(period_start) as last_month
    from (
        select
            covered.*,
            sum(1 - is_covered) over (partition by kpi_id order by period_start {{ running }}) as gaps
        from (
            select
                months.kpi_id,
                months.period_start,
                max(case when spans.from_month is not null then 1 else 0 end) as is_covered
            from {{ relation }} as months
            left join (
                select
                    kpi_id,
                    case when next_shown is null then coalesce(last_shown, first_month) else period_start end as from_month,
                    coalesce(next_shown, period_start) as to_month
                from (
                    select
                        cells.*,
                        min(case when is_hidden = 0 then period_start end) over (
                            partition by kpi_id, use_case_id order by period_start desc {{ running }}
                        ) as next_shown,
                        max(case when is_hidden = 0 then period_start end) over (
                            partition by kpi_id, use_case_id order by period_start {{ running }}
                        ) as last_shown,
                        min(period_start) over (partition by kpi_id, use_case_id) as first_month
                    from {{ relation }} as cells
                    where period_grain = 'month' and kpi_id not in ({{ ai_impact.quoted(ai_impact.kpis_of_windows()) }})
                ) as placed
                where is_hidden = 1
            ) as spans
                on months.kpi_id = spans.kpi_id and months.period_start between spans.from_month and spans.to_month
            where months.period_grain = 'month'
            group by months.kpi_id, months.period_start
        ) as covered
    ) as runs
    where is_covered = 1
    group by kpi_id, gaps
{%- endmacro %}
