{{ config(materialized=ai_impact.wide_view()) }}

with tasks as (
    select * from {{ ref('int_tasks') }}
    where is_completed
),

outcome_events as (
    select * from {{ ref('stg_outcome_events') }}
),

deals as (
    select * from {{ ref('stg_opportunities') }}
    where is_closed
),

decisions as (
    select * from {{ ref('int_unit_decisions') }}
),

aliases as (
    select * from {{ ref('int_unit_aliases') }}
),

used as (
    select * from {{ ref('int_experiment_measures') }}
),

kinds as (
    select distinct unit_type from used
),

task_units as (
    select
        kinds.unit_type,
        case
            when kinds.unit_type = 'task' then tasks.task_id
            when kinds.unit_type = 'team' then tasks.team_id
            when kinds.unit_type = 'person' then tasks.person_id
            when kinds.unit_type = tasks.subject_type then tasks.subject_id
        end as alias_id,
        tasks.use_case_id,
        tasks.completed_at as occurred_at,
        tasks.cycle_hours,
        coalesce(tasks.human_minutes, case when tasks.execution_mode = 'ai_autonomous' then 0 end) / 60.0 as human_hours,
        case when tasks.cycle_hours is null then 'cycle_hours' end as unknown_measure,
        case when tasks.human_minutes is null and coalesce(tasks.execution_mode, '') <> 'ai_autonomous' then 'human_hours' end
            as other_unknown_measure,
        case when tasks.rework_count > 0 then 1 else 0 end as rework,
        tasks.error_count as errors
    from tasks
    cross join kinds
),

measured as (
    select
        task_units.unit_type,
        task_units.alias_id,
        task_units.use_case_id,
        task_units.occurred_at,
        used.measure,
        case used.measure
            when 'tasks_completed' then 1
            when 'cycle_hours' then task_units.cycle_hours
            when 'human_hours' then task_units.human_hours
            when 'rework' then task_units.rework
            when 'errors' then task_units.errors
        end as value,
        task_units.unknown_measure,
        task_units.other_unknown_measure
    from task_units
    inner join used on task_units.unit_type = used.unit_type
    union all
    select
        outcome_events.unit_type,
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
            outcome_events.unit_type = used.unit_type
            and used.measure in (outcome_events.name, outcome_events.name || '_value')
    union all
    {{ ai_impact.measures_of_deals() }}
    union all
    select
        decisions.subject_type as unit_type,
        decisions.subject_id as alias_id,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        decisions.decided_at as occurred_at,
        used.measure,
        case used.measure when 'decisions' then 1 when 'decisions_succeeded' then decisions.is_success end as value,
        case when decisions.is_success is null then 'decisions_succeeded' end as unknown_measure,
        cast(null as {{ dbt.type_string() }}) as other_unknown_measure
    from decisions
    inner join used on decisions.subject_type = used.unit_type
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
    inner join aliases on measured.unit_type = aliases.unit_type and measured.alias_id = aliases.alias_id
    where measured.value is not null or measured.measure in (measured.unknown_measure, measured.other_unknown_measure)
)

select * from final
