{#
    Selects, to be united with others: when something happened with a unit, of any kind of measure. They read `outcome_events`,
    `opportunities`, `decisions`, `tasks` and `kinds`, the kinds of units that are looked for.
#}
{% macro signs_of_life(kinds) -%}
    select
        unit_type,
        unit_id,
        false as is_resolved,
        occurred_at as seen_at
    from outcome_events
    union all
    select
        'account' as unit_type,
        account_id as unit_id,
        false as is_resolved,
        created_at as seen_at
    from opportunities
    union all
    select
        subject_type as unit_type,
        subject_id as unit_id,
        false as is_resolved,
        decided_at as seen_at
    from decisions
    union all
    -- Folded tasks carry the hash of a person already.
    select
        {{ kinds }}.unit_type,
        case
            when {{ kinds }}.unit_type = 'task' then tasks.task_id
            when {{ kinds }}.unit_type = 'team' then tasks.team_id
            when {{ kinds }}.unit_type = 'person' then tasks.person_id
            when {{ kinds }}.unit_type = tasks.subject_type then tasks.subject_id
        end as unit_id,
        {{ kinds }}.unit_type = 'person' as is_resolved,
        coalesce(tasks.created_at, tasks.first_occurred_at) as seen_at
    from tasks
    cross join {{ kinds }}
{%- endmacro %}
