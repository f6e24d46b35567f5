with models as (
    select
        tasks.*,
        case
            when use_case_id = 'email_drafting' and is_bad_model(created_at) then 'helix-2'
            when use_case_id = 'email_drafting' and created_at >= timestamp '$next_model_from' then 'helix-3'
            when use_case_id = 'email_drafting' then 'helix-1'
            when created_at >= timestamp '2026-05-04' then 'atlas-5'
            else 'atlas-4'
        end as model,
        use_case_id = 'email_drafting' and is_bad_model(created_at) as is_bad,
        epoch(ended_at) - epoch(started_at) as lasts
    from tasks
    where mode <> 'human'
),
calls as (
    select
        models.*,
        task_id || ':call-' || c.c as event_id,
        'model_call' as event_type,
        started_at + to_seconds(cast(floor(lasts * 0.8 * (c.c + u('call time', task_id)) / 10) as bigint)) as occurred_at
    from models, range(10) as c (c)
    where c.c <= draw('calls', models.task_id, 10)
),
edits as (
    select models.*, task_id || ':edit' as event_id, 'human_edit' as event_type, started_at + to_seconds(cast(floor(lasts * 0.9) as bigint)) as occurred_at
    from models
    where mode = 'ai_assisted' and u('edited', task_id) < 0.65
),
suggestions as (
    select
        models.*,
        task_id || ':suggestion' as event_id,
        if(u('accepted', task_id) < if(is_bad, $suggestion_accepted_bad_model, $suggestion_accepted), 'suggestion_accepted', 'suggestion_rejected') as event_type,
        started_at + to_seconds(cast(floor(lasts * 0.95) as bigint)) as occurred_at
    from models
    where mode = 'ai_assisted'
),
decided as (
    select
        decision_id as task_id, 'positioning' as use_case_id, 'atlas-4' as model, false as is_bad,
        decision_id || ':call' as event_id, 'model_call' as event_type, proposed_at as occurred_at
    from decisions
    where use_case_id = 'positioning'
),
-- A tool that nobody has mapped to a use case.
unmapped as (
    select
        cast(null as varchar) as task_id, 'shadow_chatbot' as use_case_id, 'chat-mini' as model, false as is_bad,
        'shadow-' || t.i as event_id, 'model_call' as event_type, office_time(days.day, 'shadow time', t.i) as occurred_at
    from range($lo_unmapped, $hi_unmapped) as t (i)
    join day_lookup as days on days.window_name = 'all' and days.bucket = bucket('shadow day', t.i)
),
everything as (
    select task_id, use_case_id, model, is_bad, event_id, event_type, occurred_at from calls
    union all select task_id, use_case_id, model, is_bad, event_id, event_type, occurred_at from edits
    union all select task_id, use_case_id, model, is_bad, event_id, event_type, occurred_at from suggestions
    union all select task_id, use_case_id, model, is_bad, event_id, event_type, occurred_at from decided
    union all select * from unmapped
),
measured as (
    select
        *,
        event_type = 'model_call' as is_call,
        event_type = 'model_call' and u('call fails', event_id) < if(is_bad, 0.04, 0.015) as is_error,
        cast(ceil(1400 * lognormal('input tokens', event_id, 0.5)) as bigint) as input_tokens,
        cast(ceil(380 * lognormal('output tokens', event_id, 0.6)) as bigint) as output_tokens,
        round(2100 * if(is_bad, 1.4, 1) * lognormal('latency', event_id, 0.5), 1) as latency_ms
    from everything
)
select
    event_id,
    if(use_case_id = 'shadow_chatbot', 'proxy', 'ai_gateway') as source,
    occurred_at,
    event_type,
    task_id,
    use_case_id,
    md5('trace ' || coalesce(task_id, event_id)) as trace_id,
    left(md5('span ' || event_id), 16) as span_id,
    if(is_call, 'chat', null) as operation_name,
    if(is_call, if(model = 'chat-mini', 'other_ai', 'example_ai'), null) as provider_name,
    if(is_call, regexp_replace(model, '-[0-9]+$$', ''), null) as request_model,
    if(event_type <> 'human_edit' or task_id is not null, model, null) as response_model,
    if(is_call, use_case_id || '-agent@' || if(occurred_at < timestamp '2026-05-04', '1', '2'), null) as agent_version,
    if(is_call, use_case_id || '-prompt@' || if(occurred_at < timestamp '2026-04-06', '7', '8'), null) as prompt_version,
    if(is_call, md5('prompt ' || use_case_id || if(occurred_at < timestamp '2026-04-06', '7', '8')), null) as prompt_hash,
    if(is_call, input_tokens, null) as input_tokens,
    if(is_call, if(is_error, 0, output_tokens), null) as output_tokens,
    if(is_call, latency_ms, null) as latency_ms,
    if(is_call, round(latency_ms * (0.1 + 0.2 * u('first chunk', event_id)), 1), null) as time_to_first_chunk_ms,
    if(is_call, if(is_error, 'error', 'ok'), null) as status,
    if(is_error, if(u('error type', event_id) < 0.6, 'timeout', 'rate_limit'), null) as error_type,
    if(is_call and not is_error, round(greatest(0.05, least(0.99, if(is_bad, 0.70, 0.80) + 0.12 * z('confidence', event_id))), 4), null) as confidence,
    if(event_type = 'human_edit', round(least(1, if(is_bad, 1.6, 1) * 0.6 * u('edit ratio', event_id) * u('edit ratio too', event_id)), 4), null) as edit_ratio,
    -- Some providers send no cost: it stays missing.
    if(is_call and u('has cost', event_id) >= 0.02, round(input_tokens * 0.000003 + output_tokens * 0.000015, 8), null) as cost_amount,
    if(is_call and u('has cost', event_id) >= 0.02, 'USD', null) as cost_currency,
    cast(null as varchar) as parent_span_id
from measured
