with final as (
    select
        event_key,
        event_id,
        source,
        occurred_at,
        received_at,
        event_type,
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
        edit_ratio,
        cost_amount,
        cost_currency,
        {{ ai_impact.in_reporting_currency('cost_amount', 'cost_currency', 'occurred_at') }} as cost_amount_reported,
        parent_span_id,
        is_late
    from {{ ref('ai_impact', 'base_ai_events') }}
    where row_status = 'accepted'
)

select * from final
