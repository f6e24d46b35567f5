{# Tickets of Zendesk Support as Fivetran lands them, as `task_events`: see docs/connectors.md. #}
{% macro from_zendesk_tickets(tickets, ticket_field_history, ai_users=[], received_at='received_at', source_name='zendesk', where=none) -%}
{%- set given = ai_impact.check_given('from_zendesk_tickets', kwargs, ai_impact.task_columns()) -%}
with ticket_versions as (
    {{- ai_impact.read_landed(tickets, {
        'id': 'string', 'created_at': 'timestamp', 'updated_at': 'timestamp', 'status': 'string', 'group_id': 'string',
        'assignee_id': 'string', 'requester_id': 'string', 'submitter_id': 'string', 'organization_id': 'string',
        'merged_ticket_ids': 'string', '_fivetran_deleted': 'boolean', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'task_events') }}
),

tickets as (
    {{- ai_impact.last_version('ticket_versions', 'id', ['updated_at', '_fivetran_synced', 'status']) }}
),

history as (
    {{- ai_impact.read_landed(ticket_field_history, {
        'ticket_id': 'string', 'field_name': 'string', 'updated': ['timestamp', 'updated_at'], 'value': 'string', 'user_id': 'string'
    }, {}, received_at) }}
),

-- A page of history that was loaded twice says nothing new.
field_changes as (
    select
        ticket_id,
        lower(field_name) as field_name,
        updated,
        value,
        max(user_id) as user_id,
        min(received_at) as received_at
    from history
    where ticket_id is not null and updated is not null
    {%- if where %} and ticket_id in (select tickets.id from tickets){% endif %}
    group by ticket_id, lower(field_name), updated, value
),

-- A ticket that was merged into another is closed without an answer of its own.
merging as (
    select replace(replace(replace(merged_ticket_ids, '[', ','), ']', ','), ' ', '') as merged_ids
    from tickets
    where length(merged_ticket_ids) > 2
),

-- Few are closed without ever being solved: each of those is looked for in the lists.
merged as (
    select distinct tickets.id
    from tickets
    inner join merging on merging.merged_ids like '%,' || tickets.id || ',%'
    where
        lower(tickets.status) = 'closed'
        and tickets.id not in (
            select field_changes.ticket_id from field_changes
            where field_changes.field_name = 'status' and lower(field_changes.value) = 'solved'
        )
),

status_changes as (
    select
        field_changes.ticket_id as task_id,
        field_changes.updated as changed_at,
        case replace(lower(field_changes.value), '-', '')
            when 'new' then 'todo'
            when 'open' then 'doing'
            when 'pending' then 'doing'
            when 'hold' then 'doing'
            when 'onhold' then 'doing'
            when 'solved' then 'done'
            when 'closed' then case when merged.id is null then 'closed' else 'cancelled' end
            when 'deleted' then 'cancelled'
        end as phase,
        field_changes.user_id,
        field_changes.received_at
    from field_changes
    left join merged on field_changes.ticket_id = merged.id
    where field_changes.field_name = 'status'
),

ordered_changes as (
    select
        *,
        lag(phase) over (partition by task_id order by changed_at, {{ ai_impact.phase_rank('phase') }}) as phase_before
    from status_changes
    where phase is not null
),

-- What was solved closes by itself after some days: that is no step. Closed from work it is done; where the history begins with
-- it, when it was done is not known.
phases as (
    select
        task_id,
        changed_at,
        case when phase = 'closed' then 'done' else phase end as phase,
        user_id,
        received_at
    from ordered_changes
    where phase <> 'closed' or phase_before in ('todo', 'doing')
),

{{ ai_impact.steps_of_history('phases') }},

all_steps as (
    select
        steps.task_id as ticket_id,
        steps.event_type,
        steps.changed_at as occurred_at,
        steps.user_id,
        steps.received_at,
        row_number() over (partition by steps.task_id, steps.event_type order by steps.changed_at desc) as step_from_last
    from steps
    union all
    select id, 'created', created_at, coalesce(submitter_id, requester_id), first_received_at, 1
    from tickets
    where created_at is not null
    union all
    -- Deleted before anything was done: spam, tests. What was done stays done when its ticket is deleted.
    select tickets.id, 'cancelled', case
        when lower(tickets.status) = 'deleted' then tickets.updated_at
        else {{ ai_impact.greatest(['tickets.updated_at', 'tickets._fivetran_synced']) }}
    end, cast(null as {{ dbt.type_string() }}), tickets.received_at, 1
    from tickets
    where
        (lower(tickets.status) = 'deleted' or tickets._fivetran_deleted)
        and tickets.id not in (select steps.task_id from steps where steps.event_type in ('completed', 'cancelled'))
),

-- Who had the ticket at that time, not who has it now.
as_of as (
    select
        all_steps.ticket_id,
        all_steps.event_type,
        all_steps.occurred_at,
        {{ ai_impact.latest("case when field_changes.field_name = 'assignee_id' then field_changes.value end", ['field_changes.updated']) }}
            as assignee_id,
        {{ ai_impact.latest("case when field_changes.field_name = 'group_id' then field_changes.value end", ['field_changes.updated']) }}
            as group_id
    from all_steps
    inner join field_changes
        on
            all_steps.ticket_id = field_changes.ticket_id
            and all_steps.occurred_at >= field_changes.updated
            and field_changes.field_name in ('assignee_id', 'group_id')
    group by all_steps.ticket_id, all_steps.event_type, all_steps.occurred_at
),

described as (
    select
        tickets.*,
        all_steps.ticket_id,
        all_steps.event_type,
        all_steps.occurred_at,
        all_steps.received_at as step_received_at,
        all_steps.step_from_last,
        coalesce(as_of.group_id, tickets.group_id) as group_then,
        -- An answer that the customer confirms, and one where Zendesk names nobody, is the work of the assignee.
        case
            when all_steps.event_type not in ('started', 'completed', 'rework_completed') then all_steps.user_id
            when all_steps.user_id is null or all_steps.user_id = tickets.requester_id
                then coalesce(as_of.assignee_id, tickets.assignee_id)
            else all_steps.user_id
        end as actor_then
    from all_steps
    left join tickets on all_steps.ticket_id = tickets.id
    left join as_of
        on
            all_steps.ticket_id = as_of.ticket_id
            and all_steps.event_type = as_of.event_type
            and all_steps.occurred_at = as_of.occurred_at
),

actors as (
    select
        described.*,
        case
            when actor_then = '-1' then 'system'
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
        'event_id': "ticket_id || ':' || event_type || ':' || " ~ ai_impact.to_text('occurred_at', 'timestamp'),
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'coalesce(step_received_at, occurred_at)',
        'event_type': 'event_type',
        'task_id': "'" ~ source_name ~ ":' || ticket_id",
        'actor_id': 'actor_then',
        'actor_kind': 'actor_kind_then',
        'team_id': 'group_then',
        'subject_type': "case when organization_id is not null then 'account' end",
        'subject_id': 'organization_id',
        'execution_mode': "case when event_type = 'completed' and actor_kind_then = 'ai' then 'ai_autonomous' end",
    }, given, {'human_minutes': "event_type = 'completed' and step_from_last = 1"}) }}
    from actors
)

select * from final
{%- endmacro %}

{# Ratings of tickets, as `survey_responses`: good is 1 of 1, bad 0; offers are no answers. #}
{% macro from_zendesk_satisfaction_ratings(satisfaction_ratings, tickets=none, received_at='received_at', source_name='zendesk', where=none) -%}
{%- set given = ai_impact.check_given('from_zendesk_satisfaction_ratings', kwargs, ['account_id', 'respondent_hash']) -%}
with ratings as (
    {{- ai_impact.read_landed(satisfaction_ratings, {
        'id': 'string', 'ticket_id': 'string', 'requester_id': 'string', 'score': 'string', 'created_at': 'timestamp',
        'updated_at': 'timestamp', '_fivetran_deleted': 'boolean'
    }, given, received_at, where, 'survey_responses') }}
),

ticket_versions as (
    {{- ai_impact.read_landed(tickets, {
        'id': 'string', 'organization_id': 'string', 'requester_id': 'string', 'updated_at': 'timestamp'
    }, {}, received_at) }}
),

tickets as (
    {{- ai_impact.last_version('ticket_versions', 'id', ['updated_at']) }}
),

-- Who changes an answer has given one: the last of a ticket counts, at the time of that rating.
answers as (
    select
        *,
        {{ ai_impact.try_cast('score', 'double') }} as points,
        row_number() over (
            partition by coalesce(ticket_id, id)
            order by coalesce(updated_at, created_at) desc nulls last, id desc nulls last
        ) as answer_number
    from ratings
    where
        (lower(score) like 'good%' or lower(score) like 'bad%' or {{ ai_impact.try_cast('score', 'double') }} between 1 and 5)
        and not coalesce(_fivetran_deleted, false)
),

described as (
    select
        answers.*,
        tickets.organization_id,
        coalesce(answers.requester_id, tickets.requester_id) as respondent_id
    from answers
    left join tickets on answers.ticket_id = tickets.id
    where answers.answer_number = 1
),

final as (
    select
    {{- ai_impact.contract_columns('survey_responses', {
        'event_id': "'rating:' || coalesce(id, ticket_id)",
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'coalesce(updated_at, created_at)',
        'received_at': 'coalesce(received_at, updated_at, created_at)',
        'instrument': "'csat'",
        'respondent_hash': 'case when respondent_id is not null then ' ~ ai_impact.hash_key(["'" ~ source_name ~ "'", 'respondent_id']) ~ ' end',
        'account_id': 'organization_id',
        'score': "case when points is not null then points when lower(score) like 'good%' then 1 else 0 end",
        'scale_min': 'case when points is not null then 1 else 0 end',
        'scale_max': 'case when points is not null then 5 else 1 end',
    }, given) }}
    from described
)

select * from final
{%- endmacro %}
