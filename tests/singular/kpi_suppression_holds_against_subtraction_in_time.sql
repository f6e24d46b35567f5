{#- Attacks kpi_values by subtraction in time. In a cell, whatever additive KPIs show of a period tells the difference between its two
    ends, and a period without a row tells that nothing was done. Dates that such periods tie together, directly or through others,
    are measured against each other: all between two of them is known. So between neighbours of one tie, in no cell, may there
    be the work of 1 to k - 1 people. Once with days, weeks and months, once with months and rolling windows. -#}
with shown as (
    select * from {{ ref('kpi_values') }}
    where kpi_id in ('throughput', 'error_rate', 'rework_rate', 'automation_rate', 'cost_per_task')
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain <> 'baseline'
),

person_days as (
    select * from {{ ref('int_people_daily') }}
),

reported as (
    select
        period_grain,
        period_start,
        coalesce(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        coalesce(team_id, {{ ai_impact.rollup_label() }}) as team_id,
        max(case when numerator is not null or n is not null then 1 else 0 end) as is_known
    from shown
    group by 1, 2, 3, 4
),

cells as (
    select distinct use_case_id, team_id from reported
),

known as (
    select
        periods.period_grain,
        periods.period_key,
        periods.period_start,
        periods.period_end,
        cells.use_case_id,
        cells.team_id,
        coalesce(reported.is_known, 1) as is_known
    from periods
    cross join cells
    left join reported
        on
            periods.period_grain = reported.period_grain and periods.period_start = reported.period_start
            and cells.use_case_id = reported.use_case_id and cells.team_id = reported.team_id
),

-- Days, weeks and months without a gap among them are one run, a rolling window is one by itself.
runs as (
    select
        *,
        case
            when period_grain in ('day', 'week', 'month')
                then period_grain || cast(sum(1 - is_known) over (
                    partition by use_case_id, team_id, period_grain order by period_start
                ) as {{ dbt.type_string() }})
            else period_key
        end as run
    from known
),

{% set attacks = {'weeks': "('day', 'week', 'month')", 'windows': "('month', 'rolling_90d', 'rolling_365d')"} -%}
{% for attack, grains in attacks.items() -%}
{{ attack }}_0 as (
    select use_case_id, team_id, run, period_start as day, run as tie from runs
    where is_known = 1 and period_grain in {{ grains }}
    union
    select use_case_id, team_id, run, period_end, run from runs
    where is_known = 1 and period_grain in {{ grains }}
),

{% for round in range(6) -%}
{{ attack }}_{{ round + 1 }} as (
    select
        use_case_id, team_id, run, day,
        min(tie) over (partition by use_case_id, team_id, run) as tie
    from (
        select
            use_case_id, team_id, run, day,
            min(tie) over (partition by use_case_id, team_id, day) as tie
        from {{ attack }}_{{ round }}
    ) as met
),

{% endfor -%}
{% endfor -%}
measured as (
    {% for attack in attacks -%}
    select distinct '{{ attack }}' as attack, use_case_id, team_id, tie, day from {{ attack }}_6
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

stretches as (
    select
        *,
        lead(day) over (partition by attack, use_case_id, team_id, tie order by day) as until
    from measured
),

work as (
    select
        cells.use_case_id,
        cells.team_id,
        person_days.completed_on,
        person_days.person_number
    from person_days
    inner join cells
        on
            cells.use_case_id in (person_days.use_case_id, {{ ai_impact.rollup_label() }})
            and cells.team_id in (person_days.team_id, {{ ai_impact.rollup_label() }})
),

final as (
    select
        stretches.attack,
        stretches.use_case_id,
        stretches.team_id,
        stretches.day,
        stretches.until,
        count(distinct work.person_number) as n_people
    from stretches
    inner join work
        on
            stretches.use_case_id = work.use_case_id and stretches.team_id = work.team_id
            and work.completed_on >= stretches.day and work.completed_on < stretches.until
    group by 1, 2, 3, 4, 5
    having count(distinct work.person_number) < {{ var('k_anonymity') }}
)

select * from final
