-- Visitors and their journeys: one to six touches of an account's people; each touch may convert, and ends the journey.
create or replace table visitors as
select i, 'v-' || i as visitor_id, draw('visitor account', i, $n_accounts) as account_i, 1 + draw('touches', i, 6) as touch_count,
    days.day as first_day
from range($lo_visitors, $hi_visitors) as t (i)
join day_lookup as days on days.window_name = 'openings' and days.bucket = bucket('visitor day', t.i);

create or replace table journeys as
with numbered as (
    select visitors.*, k.k, visitors.i * 6 + k.k as j
    from visitors, range(6) as k (k)
    where k.k < visitors.touch_count
),
met as (
    select
        numbered.*,
        channels.channel,
        channels.cost,
        u('touch converts', j) < channels.chance as is_conversion,
        plus_hours(office_time(first_day, 'visitor time', i), k * 24 * (0.3 + u('touch gap', i))) as occurred_at
    from numbered
    join channels on u('channel', numbered.j) >= channels.from_share and u('channel', numbered.j) < channels.to_share
)
select *, count(*) filter (where is_conversion) over (partition by i order by k rows between unbounded preceding and current row) as conversions
from met
qualify conversions = 0 or (is_conversion and conversions = 1);
