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

kpis as (
    select distinct
        kpi_id,
        use_case_id,
        team_id
    from measured
),

kpi_periods as (
    select distinct
        kpi_id,
        period_key
    from measured
),

-- What is hidden has a row without numbers in every period in which anyone has the KPI: none is missing for want of
-- work.
reported as (
    select
        {% for column in columns -%}
            measured.{{ column }},
        {% endfor -%}
        people.n_people,
        people.suppression_rule
    from measured
    left join int_strategic_people as people
        on
            measured.period_key = people.period_key
            and measured.kpi_id = people.kpi_id
            and measured.use_case_id = people.use_case_id
    where people.suppression_rule is null
    union all
    select
        people.period_key,
        kpis.use_case_id,
        kpis.team_id,
        kpis.kpi_id,
        {{ ai_impact.no_numbers() }},
        people.n_people,
        people.suppression_rule
    from int_strategic_people as people
    inner join kpis on people.kpi_id = kpis.kpi_id and people.use_case_id = kpis.use_case_id
    inner join kpi_periods on people.kpi_id = kpi_periods.kpi_id and people.period_key = kpi_periods.period_key
    where people.suppression_rule is not null
),

final as (
    select
        {% for column in columns -%}
            reported.{{ column }},
        {% endfor -%}
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.baseline_of,
        cast(coalesce(reported.n_people, 0) as bigint) as n_people,
        reported.suppression_rule
    from reported
    inner join int_kpi_periods as periods on reported.period_key = periods.period_key
)

select * from final
