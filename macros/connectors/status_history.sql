{#
    The steps of work from a history of states, for trackers: Zendesk and Jira differ in tables and words, not in what a change means.
    `changes` has task_id, changed_at, phase (todo, doing, done, cancelled), user_id, received_at: one row per change, repetitions and all.
    What makes steps: the first time that work begins, unless something was done before; each time that it is done; each return
    from done, which asks for rework; what is done after that, which completes it; and an end without work.
#}
{% macro steps_of_history(changes) -%}
ranked_changes as (
    select
        *,
        lag(phase) over (partition by task_id order by changed_at, {{ ai_impact.phase_rank('phase') }}) as phase_before_it,
        row_number() over (partition by task_id order by changed_at, {{ ai_impact.phase_rank('phase') }}) as change_number
    from {{ changes }}
    where phase is not null
),

turns as (
    select
        *,
        sum(case when phase = 'done' then 1 else 0 end) over (partition by task_id order by change_number)
        - case when phase = 'done' then 1 else 0 end as times_done_before,
        sum(case when phase = 'doing' then 1 else 0 end) over (partition by task_id order by change_number) as times_doing
    from ranked_changes
    where phase_before_it is null or phase <> phase_before_it
),

steps as (
    select turns.*, 'started' as event_type from turns
    where phase = 'doing' and times_doing = 1 and times_done_before = 0
    union all
    select turns.*, 'completed' as event_type from turns
    where phase = 'done'
    union all
    select turns.*, 'rework_requested' as event_type from turns
    where phase in ('todo', 'doing') and phase_before_it = 'done'
    union all
    select turns.*, 'rework_completed' as event_type from turns
    where phase = 'done' and times_done_before > 0
    union all
    select turns.*, 'cancelled' as event_type from turns
    where phase = 'cancelled' and times_done_before = 0
)
{%- endmacro %}

{# Changes at the same second go the way that work goes. #}
{% macro phase_rank(phase) -%}
    case {{ phase }} when 'todo' then 1 when 'doing' then 2 when 'done' then 3 else 4 end
{%- endmacro %}
