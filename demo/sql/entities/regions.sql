-- Regions, in each pair of which one gets AI campaigns, and their orders week by week.
create or replace table regions as
select
    row_number() over (order by region_id) - 1 as i,
    shapes.*,
    pair is not null and (row_number() over (partition by pair order by region_id) = 1) = (u('region arm', pair) < 0.5) as is_treated
from shapes;

create or replace table region_weeks as
select
    regions.region_id,
    w,
    cast(date '$first_week' + cast(7 * w as integer) + 4 as timestamp) + interval 18 hour as reported_at,
    round(
        level * (1 + trend * w / $n_weeks + season * cos(2 * pi() * (w - 14) / 52.18)) * (1 + 0.02 * z('orders', w))
        * (1 + 0.04 * z('orders of a region', i * 1000 + w))
        * if(is_treated and date '$first_week' + cast(7 * w as integer) between date '$regions_starts' and date '$regions_ends' - 1, 1 + $regions_lift, 1)
    ) as orders
from regions
cross join range($n_weeks) as weeks (w);
