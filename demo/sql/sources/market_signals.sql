-- Weekly series: branded search moves with the market and its category, with season, and with a step from AI content.
-- They are known for three years before the company's other data: fewer don't show whether the controls were hit.
with weeks as (
    select w, cast(date '$first_day' + cast(7 * w as integer) + 3 as date) as week, 1 + 0.12 * cos(2 * pi() * (w - 14) / 52.18) as season
    from range(-165, 65) as t (w)
    where $is_first_chunk
),
signals as (
    select *, 100 * (1 + 0.002 * w) * (1 + 0.02 * z('market', w)) as market_index, 5000 * season * (1 + 0.001 * w) * (1 + 0.03 * z('category', w)) as category_search
    from weeks
),
series as (
    select 'market_index' as series, week, market_index as value, true as is_covariate from signals
    union all
    select 'category_search', week, category_search, true from signals
    union all
    select 'branded_search', week,
        (200 + 4 * market_index + 0.08 * category_search) * if(week >= date '$brand_starts', 1 + $brand_lift, 1) * (1 + 0.02 * z('brand', w)), false
    from signals
    union all
    select 'share_of_voice', week, 0.18 + if(week >= date '$brand_starts', 0.015, 0) + 0.006 * z('voice', w), false from signals where w >= 0
    union all
    select 'sentiment', week, 0.32 + 0.03 * z('sentiment', w), false from signals where w >= 0
)
select
    series || ':' || week as event_id,
    'market_data' as source,
    cast(week + 7 as timestamp) as occurred_at,
    series,
    week,
    round(value, 4) as value,
    is_covariate
from series
