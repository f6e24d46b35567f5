-- Strategic decisions: the positioning of each account in the experiment, and whom to call before they churn.
create or replace table decisions as
with positioning as (
    select
        'dec-pos-' || accounts.i as decision_id,
        'positioning' as use_case_id,
        'positioning' as decision_type,
        accounts.account_id,
        plus_hours(accounts.positioning_assigned_at, 1) as proposed_at,
        'message_' || chr(cast(65 + draw('message', accounts.i, 4) as integer)) as ai_recommendation,
        accounts.win_chance_before as chance,
        accounts.positioning_arm = 'ai_human' as has_human,
        accounts.is_overridden,
        true as requires_sign_off,
        deals.closed_at as outcome_at,
        deals.is_won as is_success,
        if(deals.is_won, deals.amount, 0) as outcome_value
    from accounts
    join deals on deals.account_i = accounts.i and deals.k = 1
    where accounts.in_positioning
),
outreach as (
    select
        'dec-out-' || i,
        'account_outreach',
        'retention_offer',
        account_id,
        plus_hours(churn_assigned_at, 24 + 200 * u('offer', i)),
        if(u('offer kind', i) < 0.5, 'call', 'discount'),
        1 - churn_chance,
        true,
        u('offer changed', i) < 0.18,
        false,
        plus_hours(timestamp '$churn_ends', 1 + 40 * u('offer outcome', i)),
        u('churned', i) >= churn_chance,
        if(u('churned', i) >= churn_chance, 1200.0, 0)
    from accounts
    where churn_arm = 'ai_outreach' and u('offer made', i) < 0.5
),
everything as (
    select * from positioning
    union all select * from outreach
)
select
    *,
    plus_hours(proposed_at, 2 + 60 * u('decided', decision_id)) as decided_at,
    case
        when not has_human then 'none'
        when is_overridden then case when u('override kind', decision_id) < 0.6 then 'modified' when u('override kind', decision_id) < 0.9 then 'rejected' else 'escalated' end
        else 'accepted'
    end as human_action
from everything;
