{#- All strategic and human KPIs, one row per KPI and cell, with the rule that hides it, if one does. A new family is
    one more name in this list. -#}
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
{% for name in families + ['int_kpi_periods', 'int_strategic_people'] %}
    {{ name }} as (
        select * from {{ ref(name) }}
    ),
{% endfor %}
measured as (
    {% for family in families %}
        select
            {{ columns | join(',\n            ') }}
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
        cast(coalesce(people.n_people, 0) as bigint) as n_people,
        people.suppression_rule
    from measured
    inner join int_kpi_periods as periods on measured.period_key = periods.period_key
    left join int_strategic_people as people
        on
            measured.period_key = people.period_key
            and measured.kpi_id = people.kpi_id
            and measured.use_case_id = people.use_case_id
)

select * from final
