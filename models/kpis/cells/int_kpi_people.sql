{#- How many distinct people did the work of each cell, and how many of them with AI. AI and systems are nobody. -#}
{{ config(**ai_impact.kept_periods()) }}

with person_days as (
    select * from {{ ref('ai_impact', 'int_people_daily') }}
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

inputs as (
    {{ ai_impact.missing_periods() }}
),

-- Once a period and person, so that the four ways of grouping count few rows.
person_periods as (
    select distinct
        inputs.period_key,
        inputs.input_hash,
        person_days.use_case_id,
        person_days.team_id,
        person_days.person_number,
        person_days.is_with_ai
    from person_days
    inner join period_days
        on
            person_days.completed_on = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.rollup_label() }}, person_days.use_case_id)
    inner join inputs on period_days.period_key = inputs.period_key
),

final as (
    select
        period_key,
        input_hash,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        count(distinct person_number) as n_people,
        count(distinct case when is_with_ai = 1 then person_number end) as n_ai_people
    from person_periods
    group by {{ ai_impact.cell_sets(['period_key', 'input_hash']) }}
)

select * from final
