-- Deals: half of the accounts have one before the positioning experiment; those in it have one or two during it.
create or replace table deals as
with numbered as (
    select accounts.*, k.k, accounts.i * 3 + k.k as d
    from accounts, range(3) as k (k)
    where case k.k when 0 then u('early deal', i) < 0.5 when 1 then true else u('second deal', i) < 0.35 end
),
timed as (
    select
        numbered.*,
        if(k = 0, office_time(days.day, 'early deal time', d), plus_hours(positioning_assigned_at, 24 * (0.2 + 18 * u('deal starts', d)))) as created_at
    from numbered
    join day_lookup as days on days.window_name = 'positioning before' and days.bucket = bucket('early deal day', numbered.d)
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
    plus_hours(created_at, 24 * (20 + 50 * u('deal lasts', d))) as closed_at,
    u('won', d) < if(k = 0, win_chance_before, win_chance) as is_won,
    round(case segment when 'smb' then 8000 when 'mid' then 24000 else 90000 end * lognormal('amount', d, 0.5), 2) as amount,
    'p-marketing_strategy-' || draw('deal owner', d, 8) as owner_id
from timed;
