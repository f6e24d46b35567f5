with calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
),

final as (
    select
        {{ ai_impact.hash_key(['provider_name', 'response_model']) }} as model_key,
        provider_name,
        response_model,
        count(case when is_model_call then 1 end) as call_count,
        min(occurred_at) as first_called_at,
        max(occurred_at) as last_called_at
    from calls
    where response_model is not null
    group by provider_name, response_model
)

select * from final
