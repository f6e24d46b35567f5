with numbered as (
    select
        t.i,
        office_time(days.day, 'opening time', t.i) as opened_at,
        days.day >= date '$hiring_starts' and u('screened', t.i) < 0.6 as is_ai_screened,
        z('talent', t.i) as talent
    from range($lo_requisitions, $hi_requisitions) as t (i)
    join day_lookup as days on days.window_name = 'openings' and days.bucket = bucket('opening day', t.i)
),
filled as (
    select
        *,
        plus_hours(opened_at, 24 * $hiring_days_to_fill * if(is_ai_screened, 1 + $hiring_days_change, 1) * lognormal('days to fill', i, 0.35)) as filled_at
    from numbered
),
watched as (
    select
        *,
        plus_hours(filled_at, 24 * 21) as started_at,
        if(u('leaves', i) < $hiring_leavers, 90 + draw('leaves at', i, 90), null) as leaves_after
    from filled
),
reviewed as (
    select
        *,
        coalesce(plus_hours(started_at, 24 * leaves_after) < timestamp '$last_day', false) as has_left,
        if(plus_hours(started_at, 24 * leaves_after) < timestamp '$last_day', plus_hours(started_at, 24 * leaves_after), timestamp '$last_day') as reviewed_at
    from watched
),
versions as (
    select reviewed.*, opened_at as updated_at, 1 as version from reviewed
    union all
    select reviewed.*, filled_at, 2 from reviewed where filled_at < timestamp '$last_day'
    union all
    select reviewed.*, reviewed_at, 3 from reviewed where started_at < timestamp '$last_day'
)
select
    'req-' || i as requisition_id,
    updated_at,
    false as is_deleted,
    (select list(team_id order by team_id) from teams)[1 + draw('opening team', i, (select count(*) from teams))] as team_id,
    opened_at,
    if(version > 1, filled_at, null) as filled_at,
    if(version > 1, started_at, null) as started_at,
    is_ai_screened,
    if(version > 1, round(greatest(1, least(5, 3.4 + 0.5 * talent + 0.5 * z('interview', i))), 2), null) as interviewer_rating,
    if(version = 3 and started_at < reviewed_at - interval 180 day, round(greatest(1, least(5, 3.5 + 0.6 * talent + 0.4 * z('performance', i))), 2), null)
        as performance_rating,
    if(version = 3, cast(date_diff('day', started_at, reviewed_at) as integer), null) as retained_days,
    case version when 1 then 'open' when 2 then 'filled' else if(has_left, 'left', 'employed') end as status
from versions
