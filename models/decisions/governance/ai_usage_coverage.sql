{#- Where AI works, by what its events say, and whether the map knows it. Use cases on the map without an event are
    there too. -#}
with events as (
    select * from {{ ref('ai_impact', 'stg_ai_events') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'use_cases') }}
),

counted as (
    select
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        count(*) as ai_events,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from events
    group by 1
),

total as (
    select count(*) as ai_events from events
),

final as (
    select
        coalesce(counted.use_case_id, use_cases.use_case_id) as use_case_id,
        use_cases.use_case_id is not null as is_mapped,
        coalesce(counted.ai_events, 0) as ai_events,
        total.ai_events as all_ai_events,
        {{ ai_impact.safe_divide('coalesce(counted.ai_events, 0)', 'total.ai_events') }} as share_of_events,
        counted.first_seen_at,
        counted.last_seen_at
    from counted
    full outer join use_cases on counted.use_case_id = use_cases.use_case_id
    cross join total
)

select * from final
