{#- What each source delivered on each of 120 days, and the day up to which data are judged: the newest on which
    a mandatory source came in time, or any two. One source that runs ahead makes no other stale. -#}
with days as (
    select
        *,
        accepted - late as in_time
    from {{ ref('ai_impact', 'event_reconciliation') }}
    where load_day is not null
),

ends as (
    select
        source,
        max(load_day) as last_day
    from days
    where in_time > 0
    group by source
),

ranked as (
    select
        *,
        row_number() over (order by last_day desc) as place
    from ends
),

judged as (
    select max(last_day) as as_of
    from ranked
    where place = 2 or source in ({{ "'" ~ ai_impact.mandatory_sources() | join("', '") ~ "'" }})
),

final as (
    select
        days.source,
        days.load_day,
        days.raw,
        days.in_time,
        days.quarantined,
        judged.as_of,
        {{ ai_impact.days_from('days.load_day', 'judged.as_of') }} as days_ago
    from days
    cross join judged
    where {{ ai_impact.days_from('days.load_day', 'judged.as_of') }} <= 120
)

select * from final
