-- Accounts, their arms in the three experiments on accounts, and the chances that follow from them.
create or replace table accounts as
with numbered as (
    select
        i,
        account(i) as account_id,
        z('account', i) as x,
        if(u('landing arm', i) < $landing_holdout, 'holdout', 'ai_page') as landing_arm,
        u('positioning in', i) < $positioning_share as in_positioning,
        if(u('positioning arm', i) < 0.5, 'ai_human', 'ai_only') as positioning_arm,
        if(u('churn arm', i) < $churn_holdout, 'holdout', 'ai_outreach') as churn_arm,
        case when u('segment', i) < 0.5 then 'smb' when u('segment', i) < 0.85 then 'mid' else 'enterprise' end as segment
    from range($lo_accounts, $hi_accounts) as t (i)
)
select
    numbered.*,
    plus_hours(timestamp '$landing_starts', 0.01 * draw('landing assigned', i, 100)) as landing_assigned_at,
    office_time(days.day, 'positioning time', i) as positioning_assigned_at,
    plus_hours(timestamp '$churn_starts', 0.01 * draw('churn assigned', i, 100)) as churn_assigned_at,
    $landing_conversion * if(landing_arm = 'ai_page', 1 + $landing_conversion_lift, 1) * (1 + 0.4 * cut(x)) as landing_chance,
    $churn_rate * if(churn_arm = 'ai_outreach', 1 + $churn_change, 1) * (1 - 0.4 * cut(x)) as churn_chance,
    -- The person's override helps; the mean over overridden and accepted stays at the planted win rate.
    in_positioning and positioning_arm = 'ai_human' and u('override', i) < $positioning_override_share as is_overridden,
    $positioning_win + 0.08 * cut(x) / 1.8 as win_chance_before,
    $positioning_win + 0.08 * cut(x) / 1.8
    + case
        when not in_positioning or positioning_arm = 'ai_only' then 0
        else $positioning_win_change + $positioning_override_gain * (if(u('override', i) < $positioning_override_share, 1, 0) - $positioning_override_share)
    end as win_chance
from numbered
join day_lookup as days on days.window_name = 'positioning' and days.bucket = bucket('positioning day', numbered.i);
