{{ config(materialized=ai_impact.view_or_table()) }}
with ai_events as (
    select * from {{ ref('ai_impact', 'stg_ai_events') }}
),

spans as (
    select * from {{ ref('ai_impact', 'int_call_spans') }}
),

final as (
    select
        ai_events.event_key as call_key,
        ai_events.source,
        ai_events.event_id,
        ai_events.occurred_at,
        ai_events.received_at,
        coalesce(ai_events.task_id, spans.task_id) as task_id,
        coalesce(ai_events.use_case_id, spans.use_case_id) as use_case_id,
        ai_events.trace_id,
        ai_events.span_id,
        ai_events.operation_name,
        ai_events.provider_name,
        ai_events.request_model,
        ai_events.response_model,
        ai_events.agent_version,
        ai_events.prompt_version,
        ai_events.prompt_hash,
        -- A figure that other spans of the trace carry is not here too: the sums count it once.
        case when coalesce(spans.counts_input_tokens, true) then ai_events.input_tokens end as input_tokens,
        case when coalesce(spans.counts_output_tokens, true) then ai_events.output_tokens end as output_tokens,
        ai_events.latency_ms,
        ai_events.time_to_first_chunk_ms,
        ai_events.status,
        ai_events.error_type,
        ai_events.confidence,
        case when coalesce(spans.counts_cost_amount_reported, true) then ai_events.cost_amount end as cost_amount,
        ai_events.cost_currency,
        case when coalesce(spans.counts_cost_amount_reported, true) then ai_events.cost_amount_reported end
            as cost_amount_reported,
        ai_events.parent_span_id,
        not coalesce(spans.is_parent, false)
        and {{ ai_impact.span_level('ai_events.operation_name') }} <> -1 as is_model_call,
        coalesce(spans.counts_cost_amount_reported, not {{ ai_impact.is_bare_tool('ai_events') }}) as is_cost_counted
    from ai_events
    left join spans on ai_events.event_key = spans.call_key
    where ai_events.event_type = 'model_call'
)

select * from final
