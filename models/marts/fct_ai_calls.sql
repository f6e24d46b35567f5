{{ config(materialized=ai_impact.plain_view()) }}

with ai_events as (
    select * from {{ ref('stg_ai_events') }}
),

final as (
    select
        event_key as call_key,
        source,
        event_id,
        occurred_at,
        received_at,
        task_id,
        use_case_id,
        trace_id,
        span_id,
        operation_name,
        provider_name,
        request_model,
        response_model,
        agent_version,
        prompt_version,
        prompt_hash,
        input_tokens,
        output_tokens,
        latency_ms,
        time_to_first_chunk_ms,
        status,
        error_type,
        confidence,
        -- A call without a cost has an unknown cost, not none.
        cost_amount,
        cost_currency,
        cost_amount_reported
    from ai_events
    where event_type = 'model_call'
)

select * from final
