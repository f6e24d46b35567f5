{#- All strategic and human KPIs, one row per KPI and cell, with whether it may be shown. A new family is one more
    name in this list. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

{% set families = [
    'kpi_ratios', 'kpi_survival', 'kpi_surveys', 'kpi_uptime', 'kpi_event_rates', 'kpi_pipeline_velocity',
    'kpi_revenue_influenced', 'kpi_retained_revenue'
] -%}
{% set columns = [
    'period_key', 'use_case_id', 'team_id', 'kpi_id', 'value', 'numerator', 'denominator', 'n', 'ci_low', 'ci_high',
    'reason'
] -%}
with
{% for name in families + ['int_kpi_periods'] %}
    {{ name }} as (
        select * from {{ ref(name) }}
    ),
{% endfor %}
measured as (
    {% for family in families %}
        select
            {% for column in columns -%}
                {{ column }},
            {% endfor -%}
            n_people,
            is_suppressed
        from {{ family }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        {% for column in columns -%}
            measured.{{ column }},
        {% endfor -%}
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.baseline_of,
        cast(measured.n_people as bigint) as n_people,
        measured.is_suppressed
    from measured
    inner join int_kpi_periods as periods on measured.period_key = periods.period_key
)

select * from final
