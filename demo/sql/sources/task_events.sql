with review as (
    select *, plus_hours(ended_at, 0.3 + 4 * u('review starts', task_id)) as review_at
    from tasks
    where is_reviewed and ending = 'completed'
),
steps as (
    select tasks.*, 'created' as event_type, created_at as occurred_at, 1 as step from tasks
    union all
    select tasks.*, 'started', started_at, 2 from tasks
    union all
    select tasks.*, ending, ended_at, 3 from tasks
    union all
    select * exclude (review_at), 'review_started', review_at, 4 from review
    union all
    select * exclude (review_at), 'review_completed', plus_hours(review_at, review_minutes / 60), 5 from review
    union all
    select tasks.*, 'error_found', plus_hours(ended_at, 1 + 40 * u('error found', task_id)), 6 from tasks where is_wrong and ending = 'completed'
    union all
    select tasks.*, 'rework_requested', plus_hours(ended_at, 2 + 20 * u('rework asked', task_id)), 7 from tasks where is_reworked and ending = 'completed'
    union all
    select tasks.*, 'rework_completed', plus_hours(ended_at, 24 + 20 * u('rework done', task_id)), 8 from tasks where is_reworked and ending = 'completed'
)
select
    task_id || ':' || event_type as event_id,
    source,
    occurred_at,
    event_type,
    task_id,
    use_case_id,
    case
        when step in (1, 6) then 'workflow-engine'
        -- Someone else of the team reviews.
        when step in (4, 5) then person(team_id, k + case when k = 0 then 1 else -1 end, occurred_at)
        else actor_id
    end as actor_id,
    case when step in (1, 6) then 'system' when step in (4, 5) then 'human' else actor_kind end as actor_kind,
    team_id,
    subject_type,
    subject_id,
    mode as execution_mode,
    is_eligible,
    complexity,
    case event_type when 'completed' then human_minutes when 'review_completed' then review_minutes end as human_minutes,
    case event_type when 'completed' then baseline_minutes end as baseline_minutes,
    case event_type when 'completed' then baseline_source end as baseline_source
from steps
