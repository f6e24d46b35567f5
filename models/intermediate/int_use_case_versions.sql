{#- What AI of each use case consisted of, and since when: models that answered, agents, prompts. -#}
with calls as (
    select * from {{ ref('ai_impact', 'stg_ai_events') }}
    where event_type = 'model_call' and use_case_id is not null
),

parts as (
    select
        use_case_id,
        'model' as part,
        response_model as version,
        occurred_at
    from calls
    union all
    select
        use_case_id,
        'agent' as part,
        agent_version as version,
        occurred_at
    from calls
    union all
    select
        use_case_id,
        'prompt' as part,
        prompt_version as version,
        occurred_at
    from calls
),

final as (
    select
        use_case_id,
        part,
        version,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at,
        count(*) as calls
    from parts
    where version is not null
    group by use_case_id, part, version
)

select * from final
