{#
    Pull requests of GitHub as Fivetran lands them, as `task_events`: see docs/connectors.md. Expressions read the columns of `issue`, which holds
    the title, the repository and the author of a pull request.
#}
{% macro from_github_pull_requests(issues, pull_requests, merges, closings=none, reviews=none, users=none, commits=none, commit_pull_requests=none, ai_accounts=[], received_at='received_at', source_name='github', where=none) -%}
{%- set given = ai_impact.check_given('from_github_pull_requests', kwargs, ai_impact.task_columns()) -%}
{%- set reads_commits = commits is not none and commit_pull_requests is not none -%}
with issue_versions as (
    {{- ai_impact.read_landed(issues, {
        'id': 'string', 'user_id': 'string', 'repository_id': 'string', 'created_at': 'timestamp', 'updated_at': 'timestamp',
        'state': 'string', 'closed_at': 'timestamp'
    }, given, received_at, where, 'task_events') }}
),

issues as (
    {{- ai_impact.last_version('issue_versions', 'id', ['updated_at', 'closed_at', 'state']) }}
),

pull_request_versions as (
    {{- ai_impact.read_landed(pull_requests, {
        'id': 'string', 'issue_id': 'string', 'merge_commit_sha': 'string', 'merged_at': 'timestamp', '_fivetran_synced': 'timestamp'
    }, {}, received_at) }}
),

pull_requests as (
    {{- ai_impact.last_version('pull_request_versions', 'id', ['merged_at', '_fivetran_synced', 'merge_commit_sha']) }}
),

landed_users as (
    {{- ai_impact.read_landed(users, {'id': 'string', 'login': 'string', 'type': 'string'}) }}
),

accounts as (
    select
        id,
        max({{ ai_impact.github_account_kind('login', 'type', ai_accounts) }}) as account_kind
    from landed_users
    group by id
),

landed_merges as (
    {{- ai_impact.read_landed(merges, {'issue_id': 'string', 'merged_at': 'timestamp', 'actor_id': 'string'}, {}, received_at) }}
),

landed_closings as (
    {{- ai_impact.read_landed(closings, {
        'issue_id': 'string', 'updated_at': 'timestamp', 'closed': 'boolean', 'actor_id': 'string'
    }, {}, received_at) }}
),

landed_reviews as (
    {{- ai_impact.read_landed(reviews, {
        'id': 'string', 'pull_request_id': 'string', 'user_id': 'string', 'state': 'string', 'submitted_at': 'timestamp'
    }, {}, received_at) }}
),

landed_commits as (
    {{- ai_impact.read_landed(commits if reads_commits else none, {
        'sha': 'string', 'message': 'string', 'author_email': 'string', 'author_date': 'timestamp'
    }, {}, received_at) }}
),

landed_links as (
    {{- ai_impact.read_landed(commit_pull_requests if reads_commits else none, {
        'commit_sha': ['string', 'sha'], 'pull_request_id': 'string'
    }) }}
),

requests as (
    select
        issues.*,
        pull_requests.id as pull_request_id,
        pull_requests.merge_commit_sha,
        pull_requests.merged_at as merged_at_too,
        accounts.account_kind
    from pull_requests
    inner join issues on pull_requests.issue_id = issues.id
    left join accounts on issues.user_id = accounts.id
),

links as (
    select pull_request_id, commit_sha from landed_links
    {{ ai_impact.union_distinct() }}
    select pull_request_id, merge_commit_sha from requests
),

-- An assistant signs with a trailer of the commit, or is its author.
written as (
    select
        links.pull_request_id,
        min(landed_commits.author_date) as first_authored_at,
        min(landed_commits.received_at) as received_at,
        max(case
            {%- for address in ai_impact.ai_author_addresses() %}
            when lower(landed_commits.message) like '%co-authored-by:%{{ address }}>%' then 1
            when '<' || lower(landed_commits.author_email) || '>' like '%{{ address }}>' then 1
            {%- endfor %}
            else 0
        end) as has_ai_author
    from links
    inner join landed_commits on links.commit_sha = landed_commits.sha
    group by links.pull_request_id
),

merged as (
    select
        requests.pull_request_id,
        coalesce(min(landed_merges.merged_at), min(requests.merged_at_too)) as merged_at,
        min(landed_merges.actor_id) as actor_id,
        min(landed_merges.received_at) as received_at
    from requests
    left join landed_merges on requests.id = landed_merges.issue_id
    group by requests.pull_request_id
),

numbered_closings as (
    select
        *,
        row_number() over (
            partition by issue_id order by updated_at desc, case when closed then 0 else 1 end, received_at
        ) as closing_from_last
    from landed_closings
    where updated_at is not null
),

described as (
    select
        requests.*,
        written.first_authored_at,
        written.received_at as written_received_at,
        merged.merged_at,
        merged.actor_id as merged_by,
        merged.received_at as merged_received_at,
        case
            when requests.account_kind = 'ai' then 'ai_autonomous'
            when requests.account_kind = 'system' then null
            when written.has_ai_author = 1 then 'ai_assisted'
            when written.has_ai_author = 0 then 'human'
        end as mode
    from requests
    left join merged on requests.pull_request_id = merged.pull_request_id
    left join written on requests.pull_request_id = written.pull_request_id
),

distinct_reviews as (
    select
        id,
        pull_request_id,
        user_id,
        upper(state) as state,
        submitted_at,
        min(received_at) as received_at,
        row_number() over (partition by id order by submitted_at desc nulls last, upper(state)) as review_version
    from landed_reviews
    group by id, pull_request_id, user_id, upper(state), submitted_at
),

submitted_reviews as (
    select
        distinct_reviews.*,
        described.user_id as author_id
    from distinct_reviews
    inner join described on distinct_reviews.pull_request_id = described.pull_request_id
    where
        distinct_reviews.review_version = 1
        and distinct_reviews.submitted_at is not null
        and distinct_reviews.state <> 'PENDING'
        -- An author who answers in the thread reviews nothing.
        and (distinct_reviews.user_id <> described.user_id or distinct_reviews.user_id is null or described.user_id is null)
),

steps as (
    select pull_request_id, 'created' as event_type, created_at as occurred_at, user_id as actor_id, first_received_at as received_at, '' as part
    from described
    union all
    -- The commit that merges is written at the end: what was written after the opening did not begin the work.
    select
        pull_request_id,
        'started',
        {{ ai_impact.least(['first_authored_at', 'created_at']) }},
        user_id,
        coalesce(case when first_authored_at < created_at then written_received_at end, first_received_at, created_at),
        ''
    from described
    union all
    -- Who merges lands the work of the author.
    select pull_request_id, 'completed', merged_at, user_id, merged_received_at, ''
    from described
    where merged_at is not null
    union all
    select
        described.pull_request_id,
        'cancelled',
        coalesce(numbered_closings.updated_at, described.closed_at),
        numbered_closings.actor_id,
        numbered_closings.received_at,
        ''
    from described
    left join numbered_closings on described.id = numbered_closings.issue_id and numbered_closings.closing_from_last = 1
    where
        described.merged_at is null
        and case
            when numbered_closings.issue_id is not null then numbered_closings.closed
            else lower(described.state) = 'closed' and described.closed_at is not null
        end
    union all
    select pull_request_id, 'review_completed', submitted_at, user_id, received_at, ':' || id from submitted_reviews
    union all
    select pull_request_id, 'rework_requested', submitted_at, user_id, received_at, ':' || id from submitted_reviews
    where state = 'CHANGES_REQUESTED'
),

actors as (
    select
        described.*,
        steps.event_type,
        steps.occurred_at,
        steps.part,
        steps.actor_id,
        coalesce(steps.received_at, steps.occurred_at) as step_received_at,
        case when steps.actor_id is not null then coalesce(accounts.account_kind, 'human') end as actor_kind_then
    from steps
    inner join described on steps.pull_request_id = described.pull_request_id
    left join accounts on steps.actor_id = accounts.id
    where steps.occurred_at is not null
),

final as (
    select
    {{- ai_impact.contract_columns('task_events', {
        'event_id': "pull_request_id || ':' || event_type || part",
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'step_received_at',
        'event_type': 'event_type',
        'task_id': "'" ~ source_name ~ ":' || pull_request_id",
        'actor_id': 'actor_id',
        'actor_kind': 'actor_kind_then',
        'subject_type': "case when repository_id is not null then 'repository' end",
        'subject_id': 'repository_id',
        'execution_mode': 'mode',
        'is_eligible': "case when account_kind = 'system' then false end",
    }, given, {'human_minutes': "event_type = 'completed'"}) }}
    from actors
)

select * from final
{%- endmacro %}

{# Accounts of agents that open pull requests under their own name; other bots are the system. An organisation is neither. #}
{% macro github_account_kind(login, type, ai_accounts=[]) -%}
    {%- set agents = [
        'copilot', 'copilot-swe-agent', 'github-copilot', 'devin-ai-integration', 'claude', 'claude-code', 'cursor', 'cursoragent',
        'cursor-agent', 'google-labs-jules', 'chatgpt-codex-connector', 'openai-codex', 'codex', 'sweep-ai', 'amazon-q-developer',
        'gemini-code-assist', 'coderabbitai', 'factory-droid', 'openhands-agent'
    ] -%}
    {%- set bots = [] -%}
    {%- for name in agents -%}{%- do bots.append(name ~ '[bot]') -%}{%- endfor -%}
    {#- A person may be called Claude or Devin: a name without [bot] counts where GitHub says that it is a bot. -#}
    {%- set named = [] -%}
    {%- for name in ai_accounts -%}{%- do named.append(name | lower) -%}{%- endfor -%}
    case
        when lower({{ login }}) in ({{ ai_impact.quoted(bots + named) }}) then 'ai'
        when lower({{ type }}) = 'bot' and lower({{ login }}) in ({{ ai_impact.quoted(agents) }}) then 'ai'
        when lower({{ type }}) = 'bot' or lower({{ login }}) like '%[bot]' then 'system'
        else 'human'
    end
{%- endmacro %}

{# How assistants sign what they helped to write, as the end of an address: a name would be that of a person too. #}
{% macro ai_author_addresses() %}
    {{- return([
        '<noreply@anthropic.com', '<cursoragent@cursor.com', '+copilot@users.noreply.github.com', '<noreply@aider.chat',
        '<noreply@openai.com', '+copilot-swe-agent[bot]@users.noreply.github.com', '+devin-ai-integration[bot]@users.noreply.github.com',
        '+google-labs-jules[bot]@users.noreply.github.com', '+claude[bot]@users.noreply.github.com',
        '+gemini-code-assist[bot]@users.noreply.github.com', '+chatgpt-codex-connector[bot]@users.noreply.github.com',
        '<openhands@all-hands.dev'
    ]) -}}
{% endmacro %}
