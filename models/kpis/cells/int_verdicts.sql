{#- Whether an output passed on a criterion, once, however many rated it: by the people who did, else by the judges
    (models), else by checks in code; if as many say fail as pass, it failed. Versions are those of the call that was
    rated, or of the last one of its task. -#}
{%- set described = ['use_case_id', 'provider_name', 'response_model', 'prompt_version', 'agent_version'] -%}
with ratings as (
    select
        *,
        row_number() over (
            partition by target_type, target_id, criterion, evaluator_type, coalesce(evaluator_id, event_key)
            order by occurred_at desc, event_key desc
        ) as nth_last
    from {{ ref('ai_impact', 'stg_evaluations') }}
    where label is not null
),

task_calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where last_called_at is not null
),

rated_calls as (
    select distinct target_id from ratings
    where target_type = 'ai_event'
),

-- An id that two sources use names no call.
calls as (
    select
        {% for column in ['task_id'] + described -%}
            max({{ column }}) as {{ column }},
        {% endfor -%}
        event_id
    from {{ ref('ai_impact', 'fct_ai_calls') }}
    where event_id in (select rated_calls.target_id from rated_calls)
    group by event_id
    having count(*) = 1
),

judged as (
    select
        target_type,
        target_id,
        criterion,
        {% for rater in ['human', 'llm', 'code'] -%}
            avg(case when evaluator_type = '{{ rater }}' then case label when 'fail' then 1e0 else 0e0 end end)
                as {{ rater }}_fails,
        {% endfor -%}
        max(occurred_at) as rated_at,
        max(received_at) as last_received_at
    from ratings
    where nth_last = 1
    group by target_type, target_id, criterion
),

final as (
    select
        judged.target_type,
        judged.target_id,
        judged.criterion,
        case when judged.human_fails >= 0.5 then 1 when judged.human_fails is not null then 0 end as human_failed,
        case when judged.llm_fails >= 0.5 then 1 when judged.llm_fails is not null then 0 end as judge_failed,
        case when coalesce(judged.human_fails, judged.llm_fails, judged.code_fails) >= 0.5 then 1 else 0 end
            as is_failed,
        {% for column in ['task_id'] + described -%}
            coalesce(task_calls.{{ column }}, calls.{{ column }}) as {{ column }},
        {% endfor -%}
        judged.rated_at,
        judged.last_received_at
    from judged
    left join task_calls on judged.target_id = task_calls.task_id and judged.target_type <> 'ai_event'
    left join calls on judged.target_id = calls.event_id and judged.target_type = 'ai_event'
)

select * from final
