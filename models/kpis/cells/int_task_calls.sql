{#- What the calls of one task cost, and which model, prompt and agent answered last. A call in a currency without a
    rate has no cost that can be added. What a call counts for goes by the other calls of its trace, so whole traces
    are read again. -#}
{{ config(
    materialized='incremental',
    incremental_strategy=ai_impact.replacing_strategy(),
    unique_key='task_id',
    on_schema_change='fail'
) }}
{%- set money_rule = local_md5(ai_impact.in_reporting_currency('amount', 'currency', 'day')) %}

with calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
),

received as (
    -- Calls that lost their place to another one of their id, too: what they were for is counted again.
    select
        task_id,
        trace_id,
        received_at,
        occurred_at
    from {{ ref('ai_impact', 'base_ai_events') }}
    where row_status <> 'duplicate' and received_at >= {{ ai_impact.first_possible_time() }}
),

{% if is_incremental() -%}
recent as (
    select * from received
    where {{ ai_impact.is_read_again(
        'received_at', 'occurred_at', 'last_received_at', "money_rule = '" ~ money_rule ~ "'"
    ) }}
),

{% endif -%}
affected as (
    select distinct task_id from received
    {%- if is_incremental() %}
        where
            task_id in (select recent.task_id from recent)
            or trace_id in (select recent.trace_id from recent)
    {%- endif %}
),

priced as (
    select
        task_id,
        use_case_id,
        provider_name,
        response_model,
        prompt_version,
        agent_version,
        is_model_call,
        is_cost_counted,
        case
            when input_tokens is not null or output_tokens is not null
                then coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
        end as tokens,
        occurred_at,
        received_at,
        {{ ai_impact.event_order('occurred_at', 'call_key') }} as call_order,
        cost_amount_reported as cost_amount
    from calls
    where task_id is not null
    {%- if is_incremental() %}
        and task_id in (select affected.task_id from affected)
    {%- endif %}
),

counted as (
    select
        task_id,
        coalesce(
            {{ ai_impact.latest('case when is_model_call then response_model end', ['call_order']) }},
            {{ ai_impact.latest('response_model', ['call_order']) }}
        ) as response_model,
        {% for column in ['use_case_id', 'provider_name', 'prompt_version', 'agent_version'] -%}
            {{ ai_impact.latest(column, ['call_order']) }} as {{ column }},
        {% endfor -%}
        count(case when is_cost_counted then 1 end) as call_count,
        count(case when is_cost_counted and cost_amount is null then 1 end) as unpriced_call_count,
        {{ ai_impact.exact_sum('cost_amount') }} as compute_cost,
        cast(sum(tokens) as {{ dbt.type_bigint() }}) as tokens,
        min(occurred_at) as first_called_at,
        max(occurred_at) as last_called_at,
        max(received_at) as last_received_at,
        '{{ money_rule }}' as money_rule
    from priced
    group by task_id
),

-- A task that has no call any more stays as an empty row: an incremental run has no other way to forget it.
final as (
    select * from counted
    union all
    select
        affected.task_id,
        null,
        null,
        null,
        null,
        null,
        0,
        0,
        null,
        null,
        null,
        null,
        null,
        null
    from affected
    left join counted on affected.task_id = counted.task_id
    where affected.task_id is not null and counted.task_id is null
)

select * from final
