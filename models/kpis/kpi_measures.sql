{#- Every KPI in the one contract of measures: which KPI, period and cell, the value with what it rests on, its
    interval, the people behind it, and which rule hides it, if one does. A new family is one more name in its list. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

{% set families = {
    'execution': ['kpi_task_ratios', 'kpi_cycle_time', 'kpi_time_saved', 'kpi_cost_per_task', 'kpi_drift_rate'],
    'strategic': [
        'kpi_ratios', 'kpi_survival', 'kpi_surveys', 'kpi_uptime', 'kpi_event_rates', 'kpi_pipeline_velocity',
        'kpi_revenue_influenced', 'kpi_retained_revenue'
    ],
    'observability': ['kpi_call_ratios', 'kpi_call_percentiles']
} -%}
{% for name in ['strategic', 'observability'] if not var(name ~ '_enabled') -%}
    {% do families.update({name: []}) -%}
{% endfor -%}
{% set all_families = families.values() | sum(start=[]) -%}
{% set groups = ['int_kpi_periods', 'int_kpi_cells', 'int_call_cells', 'int_strategic_people'] -%}
{% set with_coverage = ['kpi_cost_per_task', 'kpi_ratios', 'kpi_call_ratios'] -%}
{% set no_coverage = 'cast(null as ' ~ ai_impact.physical_type('double') ~ ') as coverage' -%}
{% set numbers = ['value', 'numerator', 'denominator', 'n', 'ci_low', 'ci_high', 'reason', 'coverage'] -%}
with
{% for name in all_families + groups %}
    {{ name }} as (
        select * from {{ ref('ai_impact', name) }}
    ),
{% endfor %}
measured as (
    {% for family in all_families %}
        select
            kpi_id,
            period_key,
            use_case_id,
            team_id,
            {% for column in numbers[:-1] -%}
                {{ column }},
            {% endfor -%}
            {{ 'coverage' if family in with_coverage else no_coverage }},
            -- Execution KPIs have one group of people, those of calls that of their use case, each other its own.
            {% if family in families.strategic -%}
                kpi_id as people_of
            {%- else -%}
                '{{ 'execution' if family in families.execution else 'observability' }}' as people_of
            {%- endif %}
        from {{ family }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

people as (
    {% for people_of, cells in [('execution', 'int_kpi_cells'), ('observability', 'int_call_cells')] %}
        select
            '{{ people_of }}' as people_of,
            period_key,
            use_case_id,
            team_id,
            n_people,
            suppression_rule
        from {{ cells }}
        union all
    {% endfor %}
    select
        kpi_id,
        period_key,
        use_case_id,
        {{ ai_impact.rollup_label() }},
        n_people,
        suppression_rule
    from int_strategic_people
),

kpi_periods as (
    select distinct
        people_of,
        kpi_id,
        period_key
    from measured
),

-- Whether it is ever measured of a use case, of the company, or of both.
kpi_levels as (
    select distinct
        kpi_id,
        case when use_case_id = {{ ai_impact.rollup_label() }} then 1 else 0 end as is_company
    from measured
),

-- What is hidden has a row without numbers in every period in which anyone has the KPI: none is missing for want of
-- work.
reported as (
    select
        measured.kpi_id,
        measured.period_key,
        measured.use_case_id,
        measured.team_id,
        {% for column in numbers -%}
            measured.{{ column }},
        {% endfor -%}
        people.n_people,
        people.suppression_rule
    from measured
    left join people
        on
            measured.people_of = people.people_of
            and measured.period_key = people.period_key
            and measured.use_case_id = people.use_case_id
            and measured.team_id = people.team_id
    where people.suppression_rule is null
    union all
    select
        kpi_periods.kpi_id,
        people.period_key,
        people.use_case_id,
        people.team_id,
        {{ ai_impact.no_numbers() }},
        {{ no_coverage }},
        people.n_people,
        people.suppression_rule
    from people
    inner join kpi_periods on people.people_of = kpi_periods.people_of and people.period_key = kpi_periods.period_key
    inner join kpi_levels
        on
            kpi_periods.kpi_id = kpi_levels.kpi_id
            and case when people.use_case_id = {{ ai_impact.rollup_label() }} then 1 else 0 end = kpi_levels.is_company
    where people.suppression_rule is not null
),

final as (
    select
        reported.kpi_id,
        reported.period_key,
        periods.period_grain,
        periods.starts_at as period_start,
        periods.ends_at as period_end,
        periods.baseline_of,
        reported.use_case_id,
        reported.team_id,
        {% for column in numbers -%}
            reported.{{ column }},
        {% endfor -%}
        cast(coalesce(reported.n_people, 0) as bigint) as n_people,
        reported.suppression_rule
    from reported
    inner join int_kpi_periods as periods on reported.period_key = periods.period_key
)

select * from final
