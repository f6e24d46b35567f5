{#- Events and bad events of every service level, by hour and, where a model answers for it, by version. Bad calls and
    verdicts count when they are known; a task that failed its first pass, and a decision, when they were completed. -#}
{%- set keys = ['called_hour', 'use_case_id', 'response_model', 'agent_version', 'prompt_version'] -%}
{%- set text, bigint = dbt.type_string(), dbt.type_bigint() -%}
with targets as (
    select
        use_case_id,
        indicator,
        {{ ai_impact.indicator_limit('indicator') }} as indicator_limit
    from {{ ref('slo_targets') }}
),

hourly as (
    select * from {{ ref('int_calls_hourly') }}
),

calls as (
    select
        {{ ai_impact.hour_of('occurred_at') }} as called_hour,
        {{ ai_impact.mapped('use_case_id') }} as mapped_use_case_id,
        fct_ai_calls.*
    from {{ ref('fct_ai_calls') }} as fct_ai_calls
),

tasks as (
    select
        {{ ai_impact.hour_of('completed_at') }} as called_hour,
        int_tasks.*
    from {{ ref('int_tasks') }} as int_tasks
    where is_completed and execution_mode in ('ai_assisted', 'ai_autonomous')
),

decisions as (
    select
        {{ ai_impact.hour_of('decided_at') }} as called_hour,
        int_decisions.*
    from {{ ref('int_decisions') }} as int_decisions
    where requires_sign_off and decided_at is not null
),

said as (
    {%- for name, rule in ai_impact.indicators().items() if rule.n %}
        select
            {{ keys | join(', ') }},
            '{{ name }}' as indicator,
            {{ rule.n }} as n_events,
            {{ rule.bad }} as n_bad,
            {{ 'last_rating_received_at' if rule.source == 'evaluations' else 'last_event_received_at' }} as received_at
        from hourly
        where {{ rule.n }} > 0
        union all
    {%- endfor %}
    select
        calls.called_hour,
        calls.mapped_use_case_id as use_case_id,
        calls.response_model,
        calls.agent_version,
        calls.prompt_version,
        targets.indicator,
        1 as n_events,
        case
            when targets.indicator like 'latency%' and calls.latency_ms < targets.indicator_limit then 0
            when targets.indicator like 'cost%' and calls.cost_amount_reported < targets.indicator_limit then 0
            else 1
        end as n_bad,
        calls.received_at
    from calls
    inner join targets on calls.mapped_use_case_id = targets.use_case_id and targets.indicator_limit is not null
    where
        (targets.indicator like 'cost%' and calls.is_cost_counted and calls.cost_amount_reported is not null)
        or (
            targets.indicator like 'latency%' and calls.is_model_call and calls.latency_ms is not null
            and coalesce(calls.status, 'ok') <> 'error'
        )
    union all
    select
        called_hour,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        cast(null as {{ text }}) as response_model,
        cast(null as {{ text }}) as agent_version,
        cast(null as {{ text }}) as prompt_version,
        'first_pass_yield' as indicator,
        1 as n_events,
        case when error_count > 0 or rework_count > 0 then 1 else 0 end as n_bad,
        completed_at as received_at
    from tasks
    union all
    select
        called_hour,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        cast(null as {{ text }}) as response_model,
        cast(null as {{ text }}) as agent_version,
        cast(null as {{ text }}) as prompt_version,
        'sign_off' as indicator,
        1 as n_events,
        case when signed_off and coalesce(human_action, 'none') <> 'none' then 0 else 1 end as n_bad,
        decided_at as received_at
    from decisions
),

final as (
    select
        {{ keys | join(', ') }},
        indicator,
        {{ ai_impact.indicator_source('indicator') }} as source,
        cast(sum(n_events) as {{ bigint }}) as n_events,
        cast(sum(n_bad) as {{ bigint }}) as n_bad,
        max(received_at) as last_received_at
    from said
    where called_hour is not null
    group by {{ keys | join(', ') }}, indicator
)

select * from final
