{#
    The spend log of a LiteLLM proxy (`LiteLLM_SpendLogs`), as `ai_events`: see docs/connectors.md. Keys, prompts and answers that it may hold are
    not read.
#}
{% macro from_litellm_spend_logs(spend_logs, prices=none, received_at='received_at', source_name='litellm', where=none) -%}
{%- set given = ai_impact.check_given('from_litellm_spend_logs', kwargs, ai_impact.call_columns()) -%}
{%- set found = ai_impact.landed_columns(spend_logs) -%}
with parsed_logs as (
    select
        landed_rows.*,
        {{ ai_impact.landed_column(found, 'metadata', 'json', spend_logs) }} as ai_impact_metadata
    from {{ spend_logs }} as landed_rows
    {%- if where %}
    where {{ where }}
    {%- endif %}
),

logs as (
    {{- ai_impact.read_landed(spend_logs, {
        'request_id': 'string', 'call_type': 'string', 'spend': 'double', 'prompt_tokens': 'int', 'completion_tokens': 'int',
        'start_time': 'timestamp', 'end_time': 'timestamp', 'completion_start_time': 'timestamp', 'model': 'string',
        'model_group': 'string', 'custom_llm_provider': 'string', 'cache_hit': 'string', 'status': 'string', 'session_id': 'string',
        'ai_impact_metadata': 'unchanged'
    }, given, received_at, none, 'ai_events', 'parsed_logs') }}
),

calls as (
    select
        logs.*,
        start_time as occurred_at,
        case
            when lower(call_type) like '%embedding%' then 'embeddings'
            when lower(call_type) in ('text_completion', 'atext_completion') then 'text_completion'
            else 'chat'
        end as operation_name,
        coalesce(model_group, model) as request_model,
        model as response_model,
        prompt_tokens as input_tokens,
        completion_tokens as output_tokens,
        {{ ai_impact.try_cast(ai_impact.json_text('ai_impact_metadata', ['additional_usage_values', 'cache_read_input_tokens']), 'int') }} as cached_tokens,
        coalesce(lower(cache_hit), '') = 'true' as is_cached,
        coalesce(lower(status), lower({{ ai_impact.json_text('ai_impact_metadata', ['status']) }}), '') = 'failure' as is_failed,
        {{ ai_impact.json_text('ai_impact_metadata', ['error_information', 'error_class']) }} as error_class
    from logs
    -- What the proxy writes of itself, such as its health checks, is no call of anybody.
    where coalesce(lower(call_type), '') not like '%health%'
),

{{ ai_impact.price_list(prices) }},

priced_calls as (
    {{ ai_impact.with_token_cost('calls') }}
),

-- A spend of nothing is known where an answer came from the cache or none came; else the proxy has no price for the model.
costs as (
    select
        *,
        case when spend <> 0 or is_cached or is_failed then spend end as known_spend
    from priced_calls
),

final as (
    select
    {{- ai_impact.contract_columns('ai_events', {
        'event_id': 'request_id',
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'coalesce(received_at, end_time, start_time)',
        'event_type': "'model_call'",
        'operation_name': 'operation_name',
        'provider_name': 'custom_llm_provider',
        'request_model': 'request_model',
        'response_model': 'response_model',
        'input_tokens': 'input_tokens',
        'output_tokens': 'output_tokens',
        'latency_ms': ai_impact.seconds_between('start_time', 'end_time') ~ ' * 1000',
        'time_to_first_chunk_ms': 'case when completion_start_time < end_time then '
            ~ ai_impact.seconds_between('start_time', 'completion_start_time') ~ ' * 1000 end',
        'status': "case when is_failed then 'error' else 'ok' end",
        'error_type': 'error_class',
        'cost_amount': 'coalesce(known_spend, token_cost)',
        'cost_currency': "case when known_spend is not null then 'USD' when token_cost is not null then token_cost_currency end",
    }, given) }}
    from costs
)

select * from final
{%- endmacro %}

{# A value that a request to the proxy carried in its metadata: an expression for what only your requests know. #}
{% macro litellm_metadata(name) -%}
    coalesce(
        nullif({{ ai_impact.json_text('ai_impact_metadata', ['requester_metadata', name]) }}, ''),
        nullif({{ ai_impact.json_text('ai_impact_metadata', ['spend_logs_metadata', name]) }}, ''),
        nullif({{ ai_impact.json_text('ai_impact_metadata', [name]) }}, '')
    )
{%- endmacro %}
