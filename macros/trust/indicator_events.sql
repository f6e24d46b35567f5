{# The common table expression `said`, from `hourly`, `calls`, `targets`, `tasks` and `decisions`: events and bad events of each indicator;
   `keys` are the columns that they are counted by. #}
{% macro indicator_events(keys) -%}
{%- set text = dbt.type_string() -%}
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
        {{ ai_impact.hour_of('calls.occurred_at') }} as called_hour,
        targets.use_case_id,
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
    inner join targets on {{ ai_impact.mapped('calls.use_case_id') }} = targets.use_case_id and targets.indicator_limit is not null
    where
        (targets.indicator like 'cost%' and calls.is_cost_counted and calls.cost_amount_reported is not null)
        or (
            targets.indicator like 'latency%' and calls.is_model_call and calls.latency_ms is not null
            and coalesce(calls.status, 'ok') <> 'error'
        )
    union all
    select
        {{ ai_impact.hour_of('completed_at') }} as called_hour,
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
        {{ ai_impact.hour_of('decided_at') }} as called_hour,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        cast(null as {{ text }}) as response_model,
        cast(null as {{ text }}) as agent_version,
        cast(null as {{ text }}) as prompt_version,
        'sign_off' as indicator,
        1 as n_events,
        case when signed_off and coalesce(human_action, 'none') <> 'none' then 0 else 1 end as n_bad,
        decided_at as received_at
    from decisions
)
{%- endmacro %}
