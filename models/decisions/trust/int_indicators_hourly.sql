{#- Events and bad events of every service level, by hour and, where a model answers for it, by version. Bad calls and
    verdicts count when they are known; a task that failed its first pass, and a decision, when they were completed. -#}
{%- set keys = ['called_hour', 'use_case_id', 'response_model', 'agent_version', 'prompt_version'] -%}
{%- set bigint = dbt.type_bigint() -%}
with targets as (
    select
        use_case_id,
        indicator,
        {{ ai_impact.indicator_limit('indicator') }} as indicator_limit
    from {{ ref('ai_impact', 'slo_targets') }}
),

hourly as (
    select * from {{ ref('ai_impact', 'int_calls_hourly') }}
),

calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and execution_mode in ('ai_assisted', 'ai_autonomous')
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where requires_sign_off and decided_at is not null
),

{{ ai_impact.indicator_events(keys) }},

final as (
    select
        {{ keys | join(', ') }},
        indicator,
        {{ ai_impact.indicator_source('indicator') }} as source,
        cast(sum(n_events) as {{ bigint }}) as n_events,
        cast(sum(n_bad) as {{ bigint }}) as n_bad,
        max(received_at) as last_received_at
    from said
    where called_hour is not null and {{ ai_impact.is_shown_hour('said') }}
    group by {{ keys | join(', ') }}, indicator
)

select * from final
