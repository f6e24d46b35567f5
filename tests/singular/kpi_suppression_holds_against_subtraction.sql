{{ config(group='kpis') }}
{#- Attacks kpi_values by subtraction: whatever an additive KPI shows is known; in any line (teams of a use case, use cases of a team,
    days of a week) whose total and all parts but one are known, the last one becomes known too; and so on, five rounds. No cell of
    1 to k - 1 people may ever be known. -#}
with shown as (
    select * from {{ ref('kpi_values') }}
),

people as (
    select * from {{ ref('int_kpi_people') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain <> 'baseline'
),

round_0 as (
    select
        shown.kpi_id,
        shown.period_grain,
        shown.period_start,
        cast({{ dbt.date_trunc('week', 'shown.period_start') }} as date) as week_start,
        coalesce(shown.use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        coalesce(shown.team_id, {{ ai_impact.rollup_label() }}) as team_id,
        case when shown.numerator is not null or shown.n is not null then 1 else 0 end as is_known
    from shown
    where shown.kpi_id in ('throughput', 'error_rate', 'rework_rate', 'automation_rate', 'cost_per_task')
),

{% for round in range(5) -%}
{%- for name, key, part in [
    ('teams', 'kpi_id, period_grain, period_start, use_case_id', "team_id <> '(all)'"),
    ('use_cases', 'kpi_id, period_grain, period_start, team_id', "use_case_id <> '(all)'"),
    ('weeks', "kpi_id, use_case_id, team_id, week_start, period_grain in ('day', 'week')", "period_grain = 'day'")
] %}
{{ name }}_{{ round }} as (
    select
        kpi_id, period_grain, period_start, week_start, use_case_id, team_id,
        case
            when is_known = 1 then 1
            {% if name == 'weeks' %}when period_grain not in ('day', 'week') then 0{% endif %}
            when count(*) over (partition by {{ key }}) - sum(is_known) over (partition by {{ key }}) = 1
                and max(case when {{ part }} then 0 else 1 end) over (partition by {{ key }}) = 1 then 1
            else 0
        end as is_known
    from {{ "round_" ~ round if loop.first else ['teams', 'use_cases', 'weeks'][loop.index0 - 1] ~ '_' ~ round }}
),
{% endfor %}
round_{{ round + 1 }} as (
    select * from weeks_{{ round }}
),

{% endfor -%}
final as (
    select
        attacked.*,
        people.n_people
    from round_5 as attacked
    inner join periods on attacked.period_grain = periods.period_grain and attacked.period_start = periods.period_start
    inner join people
        on
            periods.period_key = people.period_key
            and attacked.use_case_id = people.use_case_id
            and attacked.team_id = people.team_id
    where attacked.is_known = 1 and people.n_people < {{ var('k_anonymity') }}
)

select * from final
