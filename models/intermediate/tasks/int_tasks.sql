{{ config(materialized=ai_impact.view_or_table()) }}

{#- People are looked up here, not in the fold: two ids may turn out to be one person long after the task was folded.
    -#}
with folds as (
    select * from {{ ref('ai_impact', 'int_tasks_aggregated') }}
    where event_count > 0
),

people as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where id_type = 'person'
),

ended as (
    select
        *,
        coalesce(
            completed_at is not null
            and (failed_at is null or failed_at < completed_at)
            and (cancelled_at is null or cancelled_at < completed_at),
            false
        ) as is_completed
    from folds
),

final as (
    select
        ended.task_key,
        ended.task_id,
        ended.use_case_id,
        ended.team_id,
        case
            when ended.worker_id is not null
                then coalesce(people.entity_id, {{ ai_impact.entity_id("'person'", 'ended.worker_id') }})
        end as person_id,
        ended.subject_type,
        ended.subject_id,
        ended.execution_mode,
        ended.is_eligible,
        ended.complexity,
        ended.created_at,
        ended.started_at,
        ended.completed_at,
        ended.failed_at,
        ended.cancelled_at,
        ended.is_completed,
        -- A clock that ran backwards measures nothing.
        case
            when ended.is_completed and ended.completed_at >= ended.started_at
                then {{ ai_impact.hours_between('ended.started_at', 'ended.completed_at') }}
        end as cycle_hours,
        case
            when ended.is_completed and ended.completed_at >= ended.created_at
                then {{ ai_impact.hours_between('ended.created_at', 'ended.completed_at') }}
        end as lead_hours,
        ended.human_minutes,
        ended.review_minutes,
        ended.baseline_minutes,
        ended.baseline_source,
        ended.error_count,
        ended.rework_count,
        ended.event_count,
        ended.first_occurred_at,
        ended.last_occurred_at,
        ended.last_received_at
    from ended
    left join people on ended.worker_id = people.id
)

select * from final
