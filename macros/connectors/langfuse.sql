{# Observations of Langfuse that are calls of a model, as `ai_events`: see docs/connectors.md. Inputs and outputs are not read. #}
{% macro from_langfuse(observations, traces=none, prices=none, received_at='received_at', source_name='langfuse', where=none) -%}
{%- set given = ai_impact.check_given('from_langfuse', kwargs, ai_impact.call_columns()) -%}
{%- set found = ai_impact.landed_columns(observations) -%}
with trace_versions as (
    {{- ai_impact.read_landed(traces, {
        'id': 'string', 'session_id': 'string', 'metadata': 'json', 'updated_at': ['timestamp', 'event_ts', 'timestamp'],
        'is_deleted': 'boolean'
    }) }}
),

traces as (
    {{- ai_impact.last_version('trace_versions', 'id', ['updated_at']) }}
),

-- Under names that no observation has.
trace_facts as (
    select
        id as ai_impact_trace_id,
        metadata as ai_impact_trace_metadata,
        session_id as trace_session_id
    from traces
),

observation_rows as (
    select
        landed_rows.*,
        {{ ai_impact.landed_column(found, 'metadata', 'json', observations) }} as ai_impact_metadata,
        trace_facts.ai_impact_trace_metadata,
        trace_facts.trace_session_id
    from {{ observations }} as landed_rows
    left join trace_facts on {{ ai_impact.landed_column(found, 'trace_id', 'string', observations) }} = trace_facts.ai_impact_trace_id
    {%- if where %}
    where {{ where }}
    {%- endif %}
),

observation_versions as (
    {{- ai_impact.read_landed(observations, {
        'id': 'string', 'trace_id': 'string', 'type': 'string', 'parent_observation_id': 'string', 'start_time': 'timestamp',
        'end_time': 'timestamp', 'completion_start_time': 'timestamp', 'model': ['string', 'provided_model_name', 'model'],
        'level': 'string', 'version': 'string', 'prompt_name': 'string', 'prompt_version': 'string', 'usage_details': 'json',
        'cost_details': 'json', 'prompt_tokens': ['int', 'prompt_tokens', 'input_usage'],
        'completion_tokens': ['int', 'completion_tokens', 'output_usage'],
        'total_cost': ['double', 'total_cost', 'calculated_total_cost'],
        'updated_at': ['timestamp', 'event_ts'], 'is_deleted': 'boolean'
    }, given, received_at, none, 'ai_events', 'observation_rows') }}
),

-- Langfuse writes an observation when it begins, and again when it ends.
observations as (
    {{- ai_impact.last_version('observation_versions', 'id', ['updated_at', 'end_time', 'total_cost']) }}
),

generations as (
    select
        observations.*,
        {%- for name, keys in {
            'input_details': ['input', 'input_cached_tokens', 'input_cache_read', 'cache_read_input_tokens', 'input_cache_creation', 'cache_creation_input_tokens'],
            'output_details': ['output', 'output_reasoning_tokens', 'output_reasoning']
        }.items() %}
        case
            when {{ ai_impact.json_text('usage_details', [keys[0]]) }} is not null
                then
                    {%- for key in keys %}
                    coalesce({{ ai_impact.try_cast(ai_impact.json_text('usage_details', [key]), 'int') }}, 0){{ ' +' if not loop.last }}
                    {%- endfor %}
        end as {{ name }},
        {%- endfor %}
        coalesce(
            {{ ai_impact.try_cast(ai_impact.json_text('usage_details', ['input_cached_tokens']), 'int') }},
            {{ ai_impact.try_cast(ai_impact.json_text('usage_details', ['input_cache_read']), 'int') }},
            {{ ai_impact.try_cast(ai_impact.json_text('usage_details', ['cache_read_input_tokens']), 'int') }}
        ) as cached_tokens,
        {{ ai_impact.try_cast(ai_impact.json_text('cost_details', ['total']), 'double') }} as detailed_cost,
        coalesce(first_received_at, end_time, start_time) as known_at
    from observations
    where upper(type) in ('GENERATION', 'EMBEDDING') and not coalesce(is_deleted, false)
),

calls as (
    select
        generations.*,
        start_time as occurred_at,
        case when upper(type) = 'EMBEDDING' then 'embeddings' else 'chat' end as operation_name,
        model as request_model,
        cast(null as {{ dbt.type_string() }}) as response_model,
        coalesce(input_details, prompt_tokens) as input_tokens,
        coalesce(output_details, completion_tokens) as output_tokens
    from generations
),

{{ ai_impact.price_list(prices) }},

priced_calls as (
    {{ ai_impact.with_token_cost('calls') }}
),

described as (
    select
        priced_calls.*,
        parents.id as parent_id
    from priced_calls
    left join generations as parents
        on priced_calls.parent_observation_id = parents.id and priced_calls.trace_id = parents.trace_id
),

final as (
    select
    {{- ai_impact.contract_columns('ai_events', {
        'event_id': 'id',
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'known_at',
        'event_type': "'model_call'",
        'trace_id': 'trace_id',
        'span_id': 'id',
        'operation_name': 'operation_name',
        'request_model': 'request_model',
        'agent_version': 'version',
        'prompt_version': "case when prompt_name is not null then prompt_name || ':' || coalesce(prompt_version, '') else prompt_version end",
        'input_tokens': 'input_tokens',
        'output_tokens': 'output_tokens',
        'latency_ms': ai_impact.seconds_between('start_time', 'end_time') ~ ' * 1000',
        'time_to_first_chunk_ms': ai_impact.seconds_between('start_time', 'completion_start_time') ~ ' * 1000',
        'status': "case when upper(level) = 'ERROR' then 'error' else 'ok' end",
        'cost_amount': 'coalesce(detailed_cost, nullif(total_cost, 0), token_cost)',
        'cost_currency': "case when coalesce(detailed_cost, nullif(total_cost, 0)) is not null then 'USD' when token_cost is not null then token_cost_currency end",
        'parent_span_id': 'parent_id',
    }, given) }}
    from described
)

select * from final
{%- endmacro %}

{# A value of the metadata of an observation, else of its trace: an expression for what only your traces know. #}
{% macro langfuse_metadata(name) -%}
    coalesce(
        nullif({{ ai_impact.json_text('ai_impact_metadata', [name]) }}, ''),
        nullif({{ ai_impact.json_text('ai_impact_trace_metadata', [name]) }}, '')
    )
{%- endmacro %}

{# Scores of Langfuse as `evaluations`: those of an observation of its call, those of a trace of the task that `task_id` says. #}
{% macro from_langfuse_scores(scores, task_id=none, received_at='received_at', source_name='langfuse', where=none) -%}
{%- set given = ai_impact.check_given('from_langfuse_scores', kwargs, ['scale_min', 'scale_max', 'rubric_version', 'is_blinded']) -%}
{%- set read = dict(given, target_id=task_id or 'null') -%}
with score_versions as (
    {{- ai_impact.read_landed(scores, {
        'id': 'string', 'trace_id': 'string', 'observation_id': 'string', 'name': 'string', 'value': 'double', 'string_value': 'string',
        'data_type': 'string', 'source': 'string', 'author_user_id': 'string', 'scored_at': ['timestamp', 'timestamp', 'created_at'],
        'updated_at': ['timestamp', 'event_ts'], 'is_deleted': 'boolean'
    }, read, received_at, where, 'evaluations') }}
),

scores as (
    {{- ai_impact.last_version('score_versions', 'id', ['updated_at', 'scored_at', 'value']) }}
),

final as (
    select
    {{- ai_impact.contract_columns('evaluations', {
        'event_id': 'id',
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'scored_at',
        'received_at': 'coalesce(first_received_at, scored_at)',
        'target_type': "case when observation_id is not null then 'ai_event' else 'task' end",
        'target_id': 'coalesce(observation_id, given_target_id)',
        'criterion': 'name',
        'score': "case when upper(coalesce(data_type, 'NUMERIC')) <> 'CATEGORICAL' then value end",
        'scale_min': "case when upper(data_type) = 'BOOLEAN' then 0 end",
        'scale_max': "case when upper(data_type) = 'BOOLEAN' then 1 end",
        'label': "case when upper(data_type) = 'BOOLEAN' and value = 1 then 'pass' when upper(data_type) = 'BOOLEAN' and value = 0 then 'fail'"
            ~ " when lower(string_value) in ('pass', 'fail') then lower(string_value) end",
        'evaluator_type': "case upper(source) when 'ANNOTATION' then 'human' when 'EVAL' then 'llm' end",
        'evaluator_id': 'author_user_id',
    }, given) }}
    from scores
    where not coalesce(is_deleted, false)
)

select * from final
{%- endmacro %}
