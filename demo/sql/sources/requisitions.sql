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
versions as (
    select filled.*, opened_at as updated_at, false as is_final from filled
    union all
    select filled.*, filled_at, true from filled where filled_at < timestamp '$last_day'
)
select
    'req-' || i as requisition_id,
    updated_at,
    false as is_deleted,
    (select list(team_id order by team_id) from teams)[1 + draw('opening team', i, (select count(*) from teams))] as team_id,
    opened_at,
    if(is_final, filled_at, null) as filled_at,
    if(is_final, plus_hours(filled_at, 24 * 21), null) as started_at,
    is_ai_screened,
    if(is_final, round(greatest(1, least(5, 3.4 + 0.5 * talent + 0.5 * z('interview', i))), 2), null) as interviewer_rating,
    if(is_final and filled_at < timestamp '$last_day' - interval 180 day, round(greatest(1, least(5, 3.5 + 0.6 * talent + 0.4 * z('performance', i))), 2), null)
        as performance_rating,
    if(is_final, least(cast(date_diff('day', filled_at, timestamp '$last_day') as integer), if(u('leaves', i) < 0.12, 90 + draw('leaves at', i, 90), 100000)), null)
        as retained_days,
    if(is_final, 'filled', 'open') as status
from versions
