{#- What the calls of one task cost and which model answered last. A call in a currency without a rate has no cost that
    can be added. -#}
with calls as (
    select * from {{ ref('fct_ai_calls') }}
),

priced as (
    select
        task_id,
        response_model,
        is_model_call,
        is_cost_counted,
        occurred_at,
        {{ ai_impact.event_order('occurred_at', 'call_key') }} as call_order,
        cost_amount_reported as cost_amount
    from calls
    where task_id is not null
),

final as (
    select
        task_id,
        coalesce(
            {{ ai_impact.latest('case when is_model_call then response_model end', ['call_order']) }},
            {{ ai_impact.latest('response_model', ['call_order']) }}
        ) as response_model,
        count(case when is_cost_counted then 1 end) as call_count,
        count(case when is_cost_counted and cost_amount is null then 1 end) as unpriced_call_count,
        {{ ai_impact.exact_sum('cost_amount') }} as compute_cost,
        min(occurred_at) as first_called_at,
        max(occurred_at) as last_called_at
    from priced
    group by task_id
)

select * from final
