{#- Who worked for what on which day, with small numbers for people so that they are cheap to count. -#}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and person_id is not null
),

person_days as (
    select
        cast(completed_at as date) as completed_on,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        {{ ai_impact.mapped('team_id') }} as team_id,
        person_id,
        max(case when execution_mode in ('ai_assisted', 'ai_autonomous') then 1 else 0 end) as is_with_ai
    from tasks
    group by 1, 2, 3, 4
),

people as (
    select
        person_id,
        row_number() over (order by person_id) as person_number
    from (select distinct person_id from person_days) as ids
),

final as (
    select
        person_days.completed_on,
        person_days.use_case_id,
        person_days.team_id,
        people.person_number,
        person_days.is_with_ai
    from person_days
    inner join people on person_days.person_id = people.person_id
)

select * from final
