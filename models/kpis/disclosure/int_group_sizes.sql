{#- How many distinct people each reporting group has in each calendar quarter: a team in a use case, a use case, a team,
    all of them; of the work that execution KPIs count, and behind each strategic and human KPI, where the sides that a
    number compares stand in the place of teams. -#}
{%- set text = dbt.type_string() -%}
with person_days as (
    select * from {{ ref('int_people_daily') }}
),

strategic_days as (
    select * from {{ ref('int_strategic_people_daily') }}
),

members as (
    select distinct
        'execution' as family,
        cast({{ dbt.date_trunc('quarter', 'completed_on') }} as date) as quarter_start,
        use_case_id,
        team_id,
        cast(person_number as {{ text }}) as person_id
    from person_days
    union all
    select distinct
        kpi_id,
        cast({{ dbt.date_trunc('quarter', 'observed_on') }} as date),
        use_case_id,
        case when is_rest = 1 then 'left out' else 'counted' end,
        person_id
    from strategic_days
),

sizes as (
    select
        family,
        quarter_start,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        count(distinct person_id) as n_people
    from members
    group by {{ ai_impact.cell_sets(['family', 'quarter_start']) }}
),

-- What is hidden for the sake of others should be the same from quarter to quarter, so the most there were so far decides.
final as (
    select
        *,
        max(n_people) over (
            partition by family, use_case_id, team_id order by quarter_start
            rows between unbounded preceding and current row
        ) as most_people
    from sizes
)

select * from final
