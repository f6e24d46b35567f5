{#
    Issues of Jira as Fivetran lands them, as `task_events`: see docs/connectors.md. A status means what its category says: To Do, In Progress,
    Done; one that is called cancelled, rejected or the like is an end without work.
#}
{% macro from_jira_issues(issues, issue_field_history, statuses=none, status_categories=none, resolutions=none, ai_users=[], received_at='received_at', source_name='jira', where=none) -%}
{%- set given = ai_impact.check_given('from_jira_issues', kwargs, ai_impact.task_columns()) -%}
{%- set without_work = "('cancelled', 'canceled', 'rejected', 'declined', 'duplicate', 'abandoned', 'wont do', 'wont fix', 'obsolete', 'invalid', 'cannot reproduce', 'not a bug')" -%}
with issue_versions as (
    {{- ai_impact.read_landed(issues, {
        'id': 'string', 'created': 'timestamp', 'updated': 'timestamp', 'resolved': 'timestamp', 'resolution': 'string',
        'status': 'string', 'assignee': 'string', 'creator': 'string', 'reporter': 'string', 'time_spent': 'double',
        '_fivetran_deleted': 'boolean', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'task_events') }}
),

issues as (
    {{- ai_impact.last_version('issue_versions', 'id', ['updated', '_fivetran_synced', 'status']) }}
),

history as (
    {{- ai_impact.read_landed(issue_field_history, {
        'issue_id': 'string', 'field_id': 'string', 'changed_at': ['timestamp', 'time', 'updated_at'], 'value': 'string',
        'author_id': ['string', 'author']
    }, {}, received_at) }}
),

landed_statuses as (
    {{- ai_impact.read_landed(statuses, {'id': 'string', 'name': 'string', 'status_category_id': 'string'}) }}
),

landed_categories as (
    {{- ai_impact.read_landed(status_categories, {'id': 'string', 'name': 'string'}) }}
),

landed_resolutions as (
    {{- ai_impact.read_landed(resolutions, {'id': 'string', 'name': 'string'}) }}
),

-- Jira numbers its categories alike everywhere: 2 to do, 4 in progress, 3 done.
meanings as (
    select
        landed_statuses.id,
        max(case
            when {{ ai_impact.without_apostrophes('landed_statuses.name') }} in {{ without_work }} then 'cancelled'
            when coalesce(lower(landed_categories.name), landed_statuses.status_category_id) in ('to do', 'new', '2') then 'todo'
            when coalesce(lower(landed_categories.name), landed_statuses.status_category_id) in ('in progress', 'indeterminate', '4') then 'doing'
            when coalesce(lower(landed_categories.name), landed_statuses.status_category_id) in ('done', 'complete', '3') then 'done'
        end) as phase
    from landed_statuses
    left join landed_categories on landed_statuses.status_category_id = landed_categories.id
    group by landed_statuses.id
),

endings as (
    select
        id,
        max(case when {{ ai_impact.without_apostrophes('name') }} in {{ without_work }} then 1 else 0 end) as is_without_work
    from landed_resolutions
    group by id
),

field_changes as (
    select
        issue_id,
        lower(field_id) as field_id,
        changed_at,
        value,
        max(author_id) as author_id,
        min(received_at) as received_at
    from history
    where issue_id is not null and changed_at is not null and lower(field_id) in ('status', 'assignee')
    {%- if where %} and issue_id in (select issues.id from issues){% endif %}
    group by issue_id, lower(field_id), changed_at, value
),

status_changes as (
    select
        field_changes.issue_id as task_id,
        field_changes.changed_at,
        case
            when meanings.phase = 'done' and endings.is_without_work = 1 then 'cancelled'
            else meanings.phase
        end as phase,
        field_changes.author_id as user_id,
        field_changes.received_at
    from field_changes
    left join meanings on field_changes.value = meanings.id
    left join issues on field_changes.issue_id = issues.id
    left join endings on issues.resolution = endings.id
    where field_changes.field_id = 'status'
    union all
    -- An issue whose history does not tell of its end: it was resolved when it says so.
    select
        issues.id,
        issues.resolved,
        case when endings.is_without_work = 1 then 'cancelled' else 'done' end,
        cast(null as {{ dbt.type_string() }}),
        issues.first_received_at
    from issues
    left join endings on issues.resolution = endings.id
    where
        issues.resolved is not null
        and issues.id not in (
            select field_changes.issue_id
            from field_changes
            inner join meanings on field_changes.value = meanings.id
            where field_changes.field_id = 'status' and meanings.phase in ('done', 'cancelled')
        )
),

{{ ai_impact.steps_of_history('status_changes') }},

all_steps as (
    select
        steps.task_id as issue_id,
        steps.event_type,
        steps.changed_at as occurred_at,
        steps.user_id,
        steps.received_at,
        row_number() over (partition by steps.task_id, steps.event_type order by steps.changed_at desc) as step_from_last
    from steps
    union all
    select id, 'created', created, coalesce(creator, reporter), first_received_at, 1
    from issues
    where created is not null
    union all
    select id, 'cancelled', {{ ai_impact.greatest(['updated', '_fivetran_synced']) }}, cast(null as {{ dbt.type_string() }}), received_at, 1
    from issues
    where _fivetran_deleted and id not in (select steps.task_id from steps where steps.event_type in ('completed', 'cancelled'))
),

as_of as (
    select
        all_steps.issue_id,
        all_steps.event_type,
        all_steps.occurred_at,
        {{ ai_impact.latest('field_changes.value', ['field_changes.changed_at']) }} as assignee
    from all_steps
    inner join field_changes
        on
            all_steps.issue_id = field_changes.issue_id
            and all_steps.occurred_at >= field_changes.changed_at
            and field_changes.field_id = 'assignee'
    group by all_steps.issue_id, all_steps.event_type, all_steps.occurred_at
),

described as (
    select
        issues.*,
        all_steps.issue_id,
        all_steps.event_type,
        all_steps.occurred_at,
        all_steps.received_at as step_received_at,
        all_steps.step_from_last,
        case
            when all_steps.event_type in ('started', 'completed', 'rework_completed')
                then coalesce(as_of.assignee, issues.assignee, all_steps.user_id)
            else all_steps.user_id
        end as actor_then
    from all_steps
    left join issues on all_steps.issue_id = issues.id
    left join as_of
        on
            all_steps.issue_id = as_of.issue_id
            and all_steps.event_type = as_of.event_type
            and all_steps.occurred_at = as_of.occurred_at
),

actors as (
    select
        described.*,
        case
            {%- if ai_users %}
            when actor_then in ({{ ai_impact.quoted(ai_users) }}) then 'ai'
            {%- endif %}
            when actor_then is not null then 'human'
        end as actor_kind_then
    from described
),

final as (
    select
    {{- ai_impact.contract_columns('task_events', {
        'event_id': "issue_id || ':' || event_type || ':' || " ~ ai_impact.to_text('occurred_at', 'timestamp'),
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'coalesce(step_received_at, occurred_at)',
        'event_type': 'event_type',
        'task_id': "'" ~ source_name ~ ":' || issue_id",
        'actor_id': 'actor_then',
        'actor_kind': 'actor_kind_then',
        'execution_mode': "case when event_type = 'completed' and actor_kind_then = 'ai' then 'ai_autonomous' end",
        'human_minutes': 'nullif(time_spent, 0) / 60',
    }, given, {'human_minutes': "event_type = 'completed' and step_from_last = 1"}) }}
    from actors
)

select * from final
{%- endmacro %}

{# A name in small letters, whichever apostrophe stands in it. #}
{% macro without_apostrophes(name) -%}
    lower(replace(replace({{ name }}, chr(39), ''), '’', ''))
{%- endmacro %}
