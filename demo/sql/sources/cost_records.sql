-- Monthly charges and daily usage of each use case from the day that its AI went live. Nobody bills the meeting notes: their cost
-- is missing, not zero.
with months as (
    select costs.*, cast(m as date) as month
    from costs, generate_series(date '$first_day', date '$last_day', interval 1 month) as t (m)
    where $is_first_chunk and costs.cost_type <> 'usage' and m >= date_trunc('month', costs.live_from) and (costs.cost_type <> 'training' or m <= costs.live_from)
),
daily as (
    select costs.*, days.day
    from costs, days
    where $is_first_chunk and costs.cost_type = 'usage' and days.day >= costs.live_from
),
charges as (
    select use_case_id, cost_type, month as charge_period_start, cast(month + interval 1 month as date) as charge_period_end, amount from months
    union all
    select use_case_id, cost_type, day, day + 1, amount * (0.6 + 0.8 * u('usage', use_case_id || day)) from daily
)
select
    use_case_id || ':' || cost_type || ':' || charge_period_start as charge_id,
    cast(charge_period_end as timestamp) + interval 6 hour as updated_at,
    false as is_deleted,
    use_case_id,
    cost_type,
    case cost_type when 'licence' then 'assistant_seats' when 'usage' then 'model_api' when 'infrastructure' then 'vector_store' else cost_type || '_work' end as service_name,
    cast(charge_period_start as timestamp) as charge_period_start,
    cast(charge_period_end as timestamp) as charge_period_end,
    round(amount, 2) as billed_cost,
    round(amount * 0.95, 2) as effective_cost,
    'USD' as billing_currency
from charges
