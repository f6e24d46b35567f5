-- Turns commit metadata into the tables of the data contract. `raw.commits` is a view of the file that INPUT names.
--
-- A commit is a task: started when it was authored, completed when it landed. A merge is none: it lands work that is counted
-- already, and a use case of merges would show, or give away by subtraction, what a few people did. Bots are tasks of a use case
-- of their own and not eligible: the KPIs of `software_delivery` are of people and of AI agents.
create or replace view raw.commit_tasks as
select
    *,
    repository || '@' || commit_id as task_id,
    case
        when is_bot and ai_tool is null then 'bots'
        else 'software_delivery'
    end as use_case_id,
    -- An agent that commits under its own name works alone; a tool named beside a person assisted. Other bots are neither.
    case
        when is_bot and ai_tool is null then null
        when ai_tool is null then 'human'
        when is_bot then 'ai_autonomous'
        else 'ai_assisted'
    end as execution_mode,
    case
        when is_bot and ai_tool is not null then 'ai'
        when is_bot then 'system'
        else 'human'
    end as actor_kind
from raw.commits
where not is_merge;

-- Git shows a step when the commit lands: `received_at` is `committed_at`, and a step from days before is late.
-- A revert asks for rework on the commit that it names, where that is a task of the file: by its id or, as git allows, by the first
-- seven or more characters, where only one commit of the repository begins so.
create or replace view raw.task_events as
with named as (
    select
        revert.repository,
        revert.commit_id as revert_id,
        any_value(reverted.commit_id) as reverted_id
    from raw.commits as revert
    inner join raw.commits as reverted
        on
            revert.repository = reverted.repository
            and (
                revert.reverts_commit_id = reverted.commit_id
                or (length(revert.reverts_commit_id) >= 7 and starts_with(reverted.commit_id, revert.reverts_commit_id))
            )
    where revert.is_revert
    group by revert.repository, revert.commit_id
    having count(*) = 1
),

steps as (
    select *, 'started' as event_type, authored_at as occurred_at, commit_id || ':started' as event_id from raw.commit_tasks
    union all
    select *, 'completed', committed_at, commit_id || ':completed' from raw.commit_tasks
    union all
    select
        reverted.* replace (
            revert.committed_at as committed_at, revert.author_key as author_key, revert.actor_kind as actor_kind
        ),
        'rework_requested',
        revert.committed_at,
        revert.commit_id || ':reverts'
    from named
    inner join raw.commit_tasks as revert
        on named.repository = revert.repository and named.revert_id = revert.commit_id
    inner join raw.commit_tasks as reverted
        on named.repository = reverted.repository and named.reverted_id = reverted.commit_id
)

select
    event_id,
    repository as source,
    occurred_at,
    committed_at as received_at,
    event_type,
    task_id,
    use_case_id,
    author_key as actor_id,
    actor_kind,
    repository as team_id,
    cast(null as varchar) as subject_type,
    cast(null as varchar) as subject_id,
    execution_mode,
    use_case_id = 'software_delivery' as is_eligible,
    cast(null as varchar) as complexity,
    cast(null as double) as human_minutes,
    cast(null as double) as baseline_minutes,
    cast(null as varchar) as baseline_source
from steps;

-- A trailer says that a tool took part, not how often it was called: one event a tool and commit, without tokens or cost.
create or replace view raw.ai_events as
select
    commit_id || ':' || tool as event_id,
    repository as source,
    committed_at as occurred_at,
    committed_at as received_at,
    'model_call' as event_type,
    task_id,
    use_case_id,
    cast(null as varchar) as trace_id,
    cast(null as varchar) as span_id,
    'commit' as operation_name,
    tool as provider_name,
    cast(null as varchar) as request_model,
    cast(null as varchar) as response_model,
    cast(null as varchar) as agent_version,
    cast(null as varchar) as prompt_version,
    cast(null as varchar) as prompt_hash,
    cast(null as bigint) as input_tokens,
    cast(null as bigint) as output_tokens,
    cast(null as double) as latency_ms,
    cast(null as double) as time_to_first_chunk_ms,
    'ok' as status,
    cast(null as varchar) as error_type,
    cast(null as double) as confidence,
    cast(null as double) as edit_ratio,
    cast(null as double) as cost_amount,
    cast(null as varchar) as cost_currency
from (select *, trim(unnest(string_split(ai_tool, ','))) as tool from raw.commit_tasks where ai_tool is not null) as named;
