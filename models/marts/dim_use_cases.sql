with registered as (
    select * from {{ ref('ai_impact', 'use_cases') }}
),

tasks as (
    select distinct {{ ai_impact.mapped('use_case_id') }} as use_case_id from {{ ref('ai_impact', 'int_tasks') }}
),

checked as (
    select
        *,
        case
            when baseline_from is null or baseline_to is null
                then 'No baseline window is registered: set baseline_from and baseline_to in the seed use_cases.'
            when {{ ai_impact.days_from('baseline_from', 'baseline_to') }} not between 28 and 84
                then 'The registered baseline window is not 4 to 12 weeks long.'
            when baseline_to > ai_live_from
                then 'The registered baseline window ends after AI went live.'
        end as baseline_problem
    from registered
),

final as (
    select
        coalesce(checked.use_case_id, tasks.use_case_id) as use_case_id,
        coalesce(checked.name, coalesce(checked.use_case_id, tasks.use_case_id)) as name,
        checked.domain,
        checked.process,
        checked.owner,
        cast(checked.ai_live_from as date) as ai_live_from,
        cast(checked.baseline_from as date) as baseline_from,
        cast(checked.baseline_to as date) as baseline_to,
        checked.requires_human_sign_off,
        checked.use_case_id is not null as is_registered,
        checked.use_case_id is not null and checked.baseline_problem is null as has_baseline,
        case
            when checked.use_case_id is null then 'The use case is not in the seed use_cases.'
            else checked.baseline_problem
        end as baseline_problem
    from checked
    full outer join tasks on checked.use_case_id = tasks.use_case_id
)

select * from final
