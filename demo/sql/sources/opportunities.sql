-- Two versions of every deal: as it was opened, and as it closed. A few were entered by mistake and deleted.
with versions as (
    select deals.*, created_at as updated_at, false as is_final, false as is_deleted from deals
    union all
    select deals.*, closed_at, true, false from deals where closed_at < timestamp '$last_day' + interval 1 day
    union all
    select deals.* replace ('opp-mistake-' || d as opportunity_id), created_at, false, false from deals where u('mistake', d) < 0.004
    union all
    select deals.* replace ('opp-mistake-' || d as opportunity_id), plus_hours(created_at, 3), false, true from deals where u('mistake', d) < 0.004
)
select
    opportunity_id,
    updated_at,
    is_deleted,
    account_id,
    amount,
    currency,
    if(is_final, if(is_won, 'closed_won', 'closed_lost'), 'negotiation') as stage,
    created_at,
    if(is_final, closed_at, null) as closed_at,
    is_final as is_closed,
    if(is_final, is_won, null) as is_won,
    owner_id
from versions
