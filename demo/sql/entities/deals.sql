-- Deals: half of the accounts have one before the positioning experiment; those in it have one or two during it; some have one
-- after it, when every decision has a person.
create or replace table deals as
with numbered as (
    select accounts.*, k.k, if(k.k = 3, 3 * (300000000 + accounts.i), accounts.i * 3 + k.k) as d
    from accounts, range(4) as k (k)
    where case k.k
        when 0 then u('early deal', i) < 0.5 when 1 then true when 2 then u('second deal', i) < 0.35 else u('late deal', i) < $late_deal_share
    end
),
timed as (
    select
        numbered.*,
        case k
            when 0 then office_time(days.day, 'early deal time', d)
            when 3 then office_time(late_days.day, 'late deal time', d)
            else plus_hours(positioning_assigned_at, 24 * (0.2 + 18 * u('deal starts', d)))
        end as created_at
    from numbered
    join day_lookup as days on days.window_name = 'positioning before' and days.bucket = bucket('early deal day', numbered.d)
    join day_lookup as late_days on late_days.window_name = 'late deals' and late_days.bucket = bucket('late deal day', numbered.d)
)
select
    d,
    'opp-' || d as opportunity_id,
    account_id,
    i as account_i,
    k,
    positioning_arm,
    in_positioning,
    created_at,
    plus_hours(created_at, 24 * if(k = 3, 1 + $late_deal_days_change, 1) * ($deal_days_least + $deal_days_spread * u('deal lasts', d))) as closed_at,
    u('won', d) < case k when 0 then win_chance_before when 3 then win_chance_before + $positioning_win_change else win_chance end as is_won,
    if(k = 3 and u('foreign', d) < $foreign_deals, 'EUR', 'USD') as currency,
    round(case segment when 'smb' then 8000 when 'mid' then 24000 else 90000 end * lognormal('amount', d, 0.5), 2) as amount,
    'p-marketing_strategy-' || draw('deal owner', d, 8) as owner_id
from timed;
