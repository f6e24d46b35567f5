with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

experiments as (
    select
        *,
        {{ ai_impact.unit_kind('unit_type') }} as unit_kind
    from {{ ref('ai_impact', 'int_experiments') }}
    where {{ ai_impact.has_assigned_arms() }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

ai_events as (
    select * from {{ ref('ai_impact', 'stg_ai_events') }}
    where event_type = 'model_call'
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

called as (
    select distinct task_id from ai_events
),

-- What somebody says that a person did, and a model was called for, AI had a part in.
ai_tasks as (
    select tasks.*
    from tasks
    left join called on tasks.task_id = called.task_id
    where tasks.execution_mode in ('ai_assisted', 'ai_autonomous') or called.task_id is not null
),

worked_on as (
    select distinct
        experiments.experiment_id,
        {{ ai_impact.task_unit('alias_type', 'experiments', 'ai_tasks') }} as alias_type,
        {{ ai_impact.task_unit('alias_id', 'experiments', 'ai_tasks') }} as alias_id,
        coalesce(ai_tasks.created_at, ai_tasks.first_occurred_at) as worked_at
    from ai_tasks
    inner join experiments on ai_tasks.use_case_id = experiments.use_case_id
),

units as (
    select
        assignments.experiment_id,
        assignments.arm,
        assignments.unit_id,
        assignments.assigned_at,
        experiments.ends_at,
        aliases.alias_type,
        aliases.alias_id
    from assignments
    inner join experiments on assignments.experiment_id = experiments.experiment_id
    inner join aliases
        on
            assignments.unit_type = aliases.unit_type
            and assignments.unit_id = aliases.unit_id
),

reached as (
    select
        units.experiment_id,
        units.arm,
        units.unit_id
    from units
    inner join worked_on
        on
            units.experiment_id = worked_on.experiment_id
            and units.alias_type = worked_on.alias_type
            and units.alias_id = worked_on.alias_id
    where
        worked_on.worked_at >= units.assigned_at
        and (worked_on.worked_at < units.ends_at or units.ends_at is null)
),

final as (
    select
        experiment_id,
        arm,
        count(distinct unit_id) as n_ai_work
    from reached
    group by experiment_id, arm
)

select * from final
