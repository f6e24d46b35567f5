{#
    Spans of OpenTelemetry that follow the conventions for GenAI, old or new, as `ai_events`: see docs/connectors.md. Attributes may be a map, a
    struct or JSON, flat (`{"gen_ai.request.model": …}`) or nested (`{"gen_ai": {"request": …}}`). Prompts and answers are never read.
#}
{% macro from_otel_genai_spans(spans, prices=none, received_at='received_at', source_name='otel', where=none) -%}
{%- set given = ai_impact.check_given('from_otel_genai_spans', kwargs, ai_impact.call_columns()) -%}
{%- set found = ai_impact.landed_columns(spans) -%}
{%- set read = {} -%}
{%- for name, keys in {
    'operation_name': ['gen_ai.operation.name'],
    'provider_name': ['gen_ai.provider.name', 'gen_ai.system'],
    'request_model': ['gen_ai.request.model'],
    'response_model': ['gen_ai.response.model'],
    'agent_version': ['gen_ai.agent.version', 'service.version'],
    'prompt_version': ['gen_ai.prompt.version'],
    'input_text': ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    'output_text': ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    'cached_text': ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens'],
    'first_chunk_text': ['gen_ai.response.time_to_first_chunk'],
    'cost_text': ['gen_ai.usage.cost'],
    'error_type': ['error.type'],
}.items() -%}
    {%- set values = [] -%}
    {%- for key in keys -%}{%- do values.append(ai_impact.span_attribute(key)) -%}{%- endfor -%}
    {%- do read.update({name: 'coalesce(' ~ values | join(', ') ~ ')'}) -%}
{%- endfor -%}
with parsed_spans as (
    select
        landed_rows.*,
        {{ ai_impact.landed_column(found, 'span_attributes', ['json', 'attributes'], spans) }} as ai_impact_attributes,
        {{ ai_impact.landed_column(found, 'resource_attributes', ['json', 'resource'], spans) }} as ai_impact_resource
    from {{ spans }} as landed_rows
    {%- if where %}
    where {{ where }}
    {%- endif %}
),

typed_spans as (
    {{- ai_impact.read_landed(spans, {
        'trace_id': 'string', 'span_id': 'string', 'parent_span_id': ['string', 'parent_id'],
        'started_at': ['timestamp', 'timestamp', 'start_time', 'start_time_unix_nano', 'start_timestamp'],
        'ended_at': ['timestamp', 'end_time', 'end_time_unix_nano', 'end_timestamp'],
        'duration_ns': ['double', 'duration', 'duration_nano', 'duration_nanos'], 'duration_ms': 'double',
        'status_code': ['string', 'status'], 'ai_impact_attributes': 'unchanged', 'ai_impact_resource': 'unchanged'
    }, given, received_at, none, 'ai_events', 'parsed_spans') }}
),

read_spans as (
    select
        typed_spans.*,
        {%- for name, expression in read.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from typed_spans
),

marked_spans as (
    select
        *,
        case when coalesce(operation_name, provider_name, request_model) is not null then 1 else 0 end as is_call
    from read_spans
),

-- A span may be exported twice; it has one place in its trace.
span_tree as (
    select
        trace_id,
        span_id,
        max(is_call) as is_call,
        min(parent_span_id) as parent_span_id
    from marked_spans
    group by trace_id, span_id
),

-- Between an agent and its calls may be spans of other kinds: the parent of a call is the nearest that is of a model or agent.
lifted_0 as (
    select
        trace_id,
        span_id,
        parent_span_id
    from span_tree
    where is_call = 1
),
{% for round in range(6) %}
lifted_{{ round + 1 }} as (
    select
        lifted_{{ round }}.trace_id,
        lifted_{{ round }}.span_id,
        case when span_tree.is_call = 0 then span_tree.parent_span_id else lifted_{{ round }}.parent_span_id end as parent_span_id
    from lifted_{{ round }}
    left join span_tree
        on
            lifted_{{ round }}.trace_id = span_tree.trace_id
            and lifted_{{ round }}.parent_span_id = span_tree.span_id
),
{% endfor %}
calls as (
    select
        marked_spans.trace_id,
        marked_spans.span_id,
        marked_spans.started_at as occurred_at,
        coalesce(marked_spans.received_at, marked_spans.ended_at, marked_spans.started_at) as received_at,
        {%- for name in given %}
        marked_spans.given_{{ name }},
        {%- endfor %}
        coalesce(lower(marked_spans.operation_name), 'chat') as operation_name,
        marked_spans.provider_name,
        marked_spans.request_model,
        marked_spans.response_model,
        marked_spans.agent_version,
        marked_spans.prompt_version,
        {{ ai_impact.try_cast('marked_spans.input_text', 'int') }} as input_tokens,
        {{ ai_impact.try_cast('marked_spans.output_text', 'int') }} as output_tokens,
        {{ ai_impact.try_cast('marked_spans.cached_text', 'int') }} as cached_tokens,
        {{ ai_impact.try_cast('marked_spans.cost_text', 'double') }} as reported_cost,
        {{ ai_impact.try_cast('marked_spans.first_chunk_text', 'double') }} * 1000 as time_to_first_chunk_ms,
        coalesce(
            {{ ai_impact.seconds_between('marked_spans.started_at', 'marked_spans.ended_at') }} * 1000,
            marked_spans.duration_ms,
            marked_spans.duration_ns / 1e6
        ) as latency_ms,
        case
            when lower(marked_spans.status_code) in ('error', 'status_code_error', '2') then 'error'
            when marked_spans.error_type is not null then 'error'
            else 'ok'
        end as status,
        marked_spans.error_type,
        lifted_6.parent_span_id
    from marked_spans
    left join lifted_6
        on
            marked_spans.trace_id = lifted_6.trace_id
            and marked_spans.span_id = lifted_6.span_id
    where marked_spans.is_call = 1
),

{{ ai_impact.price_list(prices) }},

priced_calls as (
    {{ ai_impact.with_token_cost('calls') }}
),

final as (
    select
    {{- ai_impact.contract_columns('ai_events', {
        'event_id': "trace_id || ':' || span_id",
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'received_at',
        'event_type': "'model_call'",
        'trace_id': 'trace_id',
        'span_id': 'span_id',
        'operation_name': 'operation_name',
        'provider_name': 'provider_name',
        'request_model': 'request_model',
        'response_model': 'response_model',
        'agent_version': 'agent_version',
        'prompt_version': 'prompt_version',
        'input_tokens': 'input_tokens',
        'output_tokens': 'output_tokens',
        'latency_ms': 'latency_ms',
        'time_to_first_chunk_ms': 'time_to_first_chunk_ms',
        'status': 'status',
        'error_type': 'error_type',
        'cost_amount': 'coalesce(reported_cost, token_cost)',
        'cost_currency': "case when reported_cost is not null then 'USD' when token_cost is not null then token_cost_currency end",
        'parent_span_id': 'parent_span_id',
    }, given) }}
    from priced_calls
)

select * from final
{%- endmacro %}

{# The text of an attribute of a span, else of its resource: an expression for what only your spans know, such as `task_id`. #}
{% macro span_attribute(name) -%}
    {%- set nested = name.split('.') -%}
    {%- set values = [] -%}
    {%- for json in ['ai_impact_attributes', 'ai_impact_resource'] -%}
        {%- do values.append('nullif(' ~ ai_impact.json_text(json, [name]) ~ ", '')") -%}
        {%- if nested | length > 1 -%}
            {%- do values.append('nullif(' ~ ai_impact.json_text(json, nested) ~ ", '')") -%}
        {%- endif -%}
    {%- endfor -%}
    coalesce({{ values | join(', ') }})
{%- endmacro %}
