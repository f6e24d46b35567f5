{#- What AI did alone took nobody a minute; of other tasks without minutes it is not known. -#}
{%- set human_minutes = "coalesce(tasks.human_minutes, case when tasks.execution_mode = 'ai_autonomous' then 0 end)" -%}
{{ config(materialized=ai_impact.heavy_view()) }}

with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed
),

outcome_events as (
    select * from {{ ref('ai_impact', 'stg_outcome_events') }}
),

deals as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
    where is_closed
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

used as (
    select
        *,
        {{ ai_impact.unit_kind('unit_type') }} as unit_kind
    from {{ ref('ai_impact', 'int_experiment_measures') }}
),

measured as (
    select
        used.unit_type,
        {{ ai_impact.task_unit('alias_type', 'used', 'tasks') }} as alias_type,
        {{ ai_impact.task_unit('alias_id', 'used', 'tasks') }} as alias_id,
        tasks.use_case_id,
        tasks.completed_at as occurred_at,
        used.measure,
        case used.measure
            when 'tasks_completed' then 1
            when 'cycle_hours' then tasks.cycle_hours
            when 'human_hours' then {{ human_minutes }} / 60.0
            when 'rework' then case when tasks.rework_count > 0 then 1 else 0 end
            when 'errors' then tasks.error_count
        end as value,
        case when tasks.cycle_hours is null then 'cycle_hours' end as unknown_measure,
        case when {{ human_minutes }} is null then 'human_hours' end as other_unknown_measure
    from tasks
    inner join used on used.measure in ({{ ai_impact.measures_of('tasks') }})
    union all
    select
        used.unit_type,
        outcome_events.unit_type as alias_type,
        outcome_events.unit_id as alias_id,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        outcome_events.occurred_at,
        used.measure,
        case when used.measure = outcome_events.name then 1 else outcome_events.value_reported end as value,
        case when outcome_events.value_reported is null then outcome_events.name || '_value' end as unknown_measure,
        cast(null as {{ dbt.type_string() }}) as other_unknown_measure
    from outcome_events
    inner join used
        on
            {{ ai_impact.unit_kind('outcome_events.unit_type') }} = used.unit_kind
            and used.measure in (outcome_events.name, outcome_events.name || '_value')
    union all
    {{ ai_impact.measures_of_deals() }}
    union all
    select
        used.unit_type,
        decisions.subject_type as alias_type,
        decisions.subject_id as alias_id,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        decisions.decided_at as occurred_at,
        used.measure,
        case used.measure when 'decisions' then 1 when 'decisions_succeeded' then decisions.is_success end as value,
        case when decisions.is_success is null then 'decisions_succeeded' end as unknown_measure,
        cast(null as {{ dbt.type_string() }}) as other_unknown_measure
    from decisions
    inner join used on {{ ai_impact.unit_kind('decisions.subject_type') }} = used.unit_kind
),

-- What was not measured keeps a row without a value: it is not known, which is not 0.
final as (
    select
        measured.unit_type,
        aliases.unit_id,
        measured.occurred_at,
        measured.measure,
        cast(measured.value as {{ ai_impact.physical_type('double') }}) as value,
        measured.use_case_id,
        measured.unknown_measure,
        measured.other_unknown_measure
    from measured
    inner join aliases
        on
            measured.unit_type = aliases.unit_type
            and measured.alias_type = aliases.alias_type
            and measured.alias_id = aliases.alias_id
    where measured.value is not null or measured.measure in (measured.unknown_measure, measured.other_unknown_measure)
)

select * from final
