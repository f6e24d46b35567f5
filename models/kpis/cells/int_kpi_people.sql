{#- How many distinct people did the work of each cell. AI and systems are nobody. -#}
with person_days as (
    select * from {{ ref('int_people_daily') }}
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

-- Once a period and person, so that the four ways of grouping count few rows.
person_periods as (
    select distinct
        period_days.period_key,
        person_days.use_case_id,
        person_days.team_id,
        person_days.person_number
    from person_days
    inner join period_days
        on
            person_days.completed_on = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.rollup_label() }}, person_days.use_case_id)
),

final as (
    select
        period_key,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        count(distinct person_number) as n_people
    from person_periods
    group by {{ ai_impact.cell_sets(['period_key']) }}
)

select * from final
