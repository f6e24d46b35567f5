-- Weekly and yearly season of the work, and a lookup from a uniform bucket to a day for each window of time.
create or replace table days as
select
    cast(d as date) as day,
    case when isodow(d) = 6 then 0.08 when isodow(d) = 7 then 0.05 else 1.0 end
    * (1 + 0.15 * cos(2 * pi() * (dayofyear(d) - 75) / 365.25))
    * case when month(d) = 12 and day(d) >= 22 then 0.45 when month(d) = 8 then 0.85 else 1.0 end as office_weight,
    1 + 0.10 * cos(2 * pi() * (dayofyear(d) - 330) / 365.25) as machine_weight
from generate_series(date '$first_day', date '$last_day', interval 1 day) as t (d);

create or replace table windows (window_name varchar, from_day date, to_day date, is_office boolean);
insert into windows values
    ('all', date '$first_day', date '$last_day', true),
    ('flat', date '$first_day', date '$last_day', false),
    -- Ends early enough for the life of what begins in it.
    ('work', date '$first_day', date '$last_day' - 6, true),
    ('email before', date '$first_day', date '$email_starts' - 5, true),
    ('email experiment', date '$email_starts', date '$email_enrolled_until' - 1, true),
    ('email after', date '$email_ends', date '$last_day' - 6, true),
    ('landing', date '$landing_starts', date '$landing_ends' - 1, true),
    ('landing before', date '$first_day', date '$landing_starts' - 1, true),
    ('positioning', date '$positioning_starts', date '$positioning_enrolled_until' - 1, true),
    ('positioning before', date '$first_day', date '$positioning_starts' - 75, true),
    ('late deals', date '$positioning_ends', date '$last_day', true),
    ('openings', date '$first_day', date '$last_day' - 7, true);

create or replace table day_lookup as
with cumulated as (
    select
        window_name,
        day,
        sum(weight) over (partition by window_name order by day) / sum(weight) over (partition by window_name) as upto
    from (
        select windows.window_name, days.day, if(is_office, office_weight, machine_weight) as weight
        from windows
        join days on days.day between windows.from_day and windows.to_day
    )
)
select cumulated.window_name, buckets.b as bucket, min(cumulated.day) as day
from range(4096) as buckets (b)
join cumulated on (buckets.b + 0.5) / 4096 <= cumulated.upto
group by all;

create or replace macro day_of(name) as table select bucket, day from day_lookup where window_name = name;
