{#- Which cells are hidden: those of too few people, and those from which these could be worked out by subtraction, as
    three passes find them. -#}
with sums as (
    select * from {{ ref('int_kpi_sums') }}
),

people as (
    select * from {{ ref('int_kpi_people') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

seams as (
    select * from {{ ref('int_kpi_seams') }}
),

small_cells as (
    select
        sums.period_key,
        periods.period_grain,
        periods.period_start,
        sums.use_case_id,
        sums.team_id,
        coalesce(people.n_people, 0) as n_people,
        case when people.n_people < {{ var('k_anonymity') }} or seams.period_key is not null then 1 else 0 end
            as is_hidden
    from sums
    inner join periods on sums.period_key = periods.period_key
    left join people
        on
            sums.period_key = people.period_key
            and sums.use_case_id = people.use_case_id
            and sums.team_id = people.team_id
    left join seams
        on
            sums.period_key = seams.period_key
            and sums.use_case_id = seams.use_case_id
            and sums.team_id = seams.team_id
    where sums.completed > 0
),
{% set last = namespace(name='small_cells') %}
{% for pass in range(3) %}
    weeks_{{ pass }} as ({{ ai_impact.hide_whole_weeks(last.name) }}),

    days_{{ pass }} as (
        {{ ai_impact.hide_complements(
            'weeks_' ~ pass,
            ai_impact.days_in_line(),
            "period_grain = 'day'",
            'period_key'
        ) }}
    ),

    teams_{{ pass }} as (
        {{ ai_impact.hide_complements(
            'days_' ~ pass,
            'period_key, use_case_id',
            'team_id <> ' ~ ai_impact.rollup_label(),
            'team_id'
        ) }}
    ),

    use_cases_{{ pass }} as (
        {{ ai_impact.hide_complements(
            'teams_' ~ pass,
            'period_key, team_id',
            'use_case_id <> ' ~ ai_impact.rollup_label(),
            'use_case_id'
        ) }}
    ),
    {% set last.name = 'use_cases_' ~ pass %}
{% endfor %}
final as (
    select * from {{ last.name }}
)

select * from final
