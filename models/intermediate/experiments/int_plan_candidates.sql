with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
    where {{ ai_impact.has_assigned_arms() }}
),

assignments as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

unit_covariates as (
    select * from {{ ref('ai_impact', 'stg_unit_covariates') }}
),

outcome_events as (
    select * from {{ ref('ai_impact', 'stg_outcome_events') }}
),

opportunities as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

-- The kinds of units that a registered experiment waits for.
waiting as (
    select distinct experiments.unit_type
    from experiments
    left join assignments
        on
            experiments.experiment_id = assignments.experiment_id
            and {{ ai_impact.enrolment('assignments.assigned_at', 'experiments') }} = 'within'
    where assignments.experiment_id is null
),

seen as (
    select
        unit_type,
        unit_id,
        false as is_resolved,
        observed_at as seen_at
    from unit_covariates
    union all
    {{ ai_impact.signs_of_life('waiting') }}
),

final as (
    select
        seen.unit_type,
        seen.unit_id,
        seen.is_resolved,
        min(seen.seen_at) as first_seen_at
    from seen
    inner join waiting on seen.unit_type = waiting.unit_type
    where seen.unit_id is not null
    group by seen.unit_type, seen.unit_id, seen.is_resolved
)

select * from final
