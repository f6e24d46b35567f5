{#- What AI did, by hour, use case and version: calls, suggestions and edits in the hour they occurred, verdicts in that
    of the last rating, under the versions of what they rate. Only sums: they add up over any of it. -#}
{{ config(
    materialized=ai_impact.kept_by_hash(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ ai_impact.forget_changed_hours(
        ref('ai_impact', 'base_ai_events'), ref('ai_impact', 'base_evaluations'), ref('ai_impact', 'fct_ai_calls')
    ) }}"
) }}
{%- set keys = ['called_hour', 'use_case_id', 'provider_name', 'response_model', 'prompt_version', 'agent_version'] -%}
with calls as (
    select
        *,
        occurred_at as said_at
    from {{ ref('ai_impact', 'fct_ai_calls') }}
),

task_calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where last_called_at is not null
),

events as (
    select
        {% for column in keys[1:] -%}
            coalesce(events.{{ column }}, task_calls.{{ column }}) as {{ column }},
        {% endfor -%}
        events.event_type,
        events.edit_ratio,
        events.received_at,
        events.occurred_at as said_at
    from {{ ref('ai_impact', 'stg_ai_events') }} as events
    left join task_calls on events.task_id = task_calls.task_id
    where events.event_type <> 'model_call'
),

verdicts as (
    select
        *,
        rated_at as said_at
    from {{ ref('ai_impact', 'int_verdicts') }}
),

said as (
    {% for part in ['calls', 'events', 'verdicts'] %}
        select
            {% for column, fact in ai_impact.call_facts().items() -%}
                cast({{ fact.get(part, 'null') }} as {{ ai_impact.physical_type(fact.type) }}) as {{ column }},
            {% endfor -%}
            {{ keys[2:] | join(', ') }},
            {{ ai_impact.mapped('use_case_id') }} as use_case_id,
            {{ ai_impact.hour_of('said_at') }} as called_hour
        from {{ part }}
        {% if is_incremental() -%}
            where {{ ai_impact.hour_of('said_at') }} not in (select held.called_hour from {{ this }} as held)
        {%- endif %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

binned as (
    select
        *,
        {% for column, edges in ai_impact.call_histograms().items() -%}
            {{ ai_impact.histogram_bin(column, edges) }} as {{ column }}_bin,
        {% endfor -%}
        case
            when input_tokens is not null or output_tokens is not null
                then coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
        end as tokens
    from said
),

final as (
    select
        {{ ai_impact.hash_key(keys) }} as call_cell_key,
        {{ keys | join(', ') }},
        {% for name, condition in ai_impact.call_counts().items() -%}
            count(case when {{ condition }} then 1 end) as {{ name }},
        {% endfor -%}
        {% for column in ai_impact.call_sums() -%}
            coalesce({{ ai_impact.exact_sum(column) }}, 0) as {{ column }},
            coalesce({{ ai_impact.squares_of(column) }}, 0) as {{ column }}_squared,
        {% endfor -%}
        {% for column, edges in ai_impact.call_histograms().items() -%}
            {% for bin in range(edges | length + 1) -%}
                count(case when {{ column }}_bin = {{ bin }} then 1 end) as {{ column }}_bin_{{ bin }},
            {% endfor -%}
        {% endfor -%}
        -- Of what is not added up: percentiles sort it.
        {{ ai_impact.input_hash(['use_case_id', 'latency_ms', 'first_chunk_ms', 'confidence']) }} as call_hash,
        max(event_received_at) as last_event_received_at,
        max(rating_received_at) as last_rating_received_at,
        '{{ ai_impact.call_rules() }}' as call_rules
    from binned
    group by {{ keys | join(', ') }}
)

select * from final
