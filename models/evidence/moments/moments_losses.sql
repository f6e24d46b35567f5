with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count > 0
),

recorded as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where {{ ai_impact.has_assigned_arms() }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

unenrolled as (
    select * from {{ ref('ai_impact', 'moments_unenrolled') }}
),

-- Also those that were held back: of them it is known whose they are, not whether they are true.
outcome_events as (
    select * from {{ ref('ai_impact', 'base_outcome_events') }}
    where row_status in ('accepted', 'quarantined')
),

-- A unit of several arms stands in the first. Who moved is compared by what came of them, wherever the reports say it.
units as (
    select
        assignments.experiment_id,
        metrics.metric_id,
        metrics.aggregation,
        metrics.numerator_measure,
        metrics.denominator_measure,
        assignments.unit_type,
        assignments.unit_id,
        assignments.arm,
        assignments.arm_count,
        assignments.assigned_at,
        case
            when metrics.is_from_exposure then coalesce(assignments.exposed_at, assignments.assigned_at)
            else assignments.assigned_at
        end as window_starts_at,
        metrics.window_days,
        metrics.ends_at,
        case
            when assignments.arm = experiments.control_arm then 0
            when {{ ai_impact.in_list('assignments.arm', 'experiments.treatment_arm') }} then 0
            else 1
        end as is_stranger
    from assignments
    inner join experiments on assignments.experiment_id = experiments.experiment_id
    inner join metrics
        on
            assignments.experiment_id = metrics.experiment_id
            and assignments.unit_type = metrics.unit_type
),

windows as (
    select
        *,
        case
            when window_days is null then ends_at
            else {{ ai_impact.add_time('day', 'window_days', 'window_starts_at') }}
        end as window_ends_at
    from units
),

-- Experiments with units of several arms, or of one that is not registered.
moved as (
    select distinct experiment_id from units
    where arm_count > 1 or is_stranger = 1
),

totals as (
    select
        units.experiment_id,
        units.metric_id,
        units.aggregation,
        units.unit_id,
        units.arm,
        units.arm_count,
        coalesce({{ ai_impact.exact_sum('measures.value') }}, 0) as total
    from windows as units
    inner join moved on units.experiment_id = moved.experiment_id
    left join measures
        on
            units.unit_type = measures.unit_type
            and units.unit_id = measures.unit_id
            and units.numerator_measure = measures.measure
            and units.window_starts_at <= measures.occurred_at
            and (measures.occurred_at < units.window_ends_at or units.window_ends_at is null)
    group by
        units.experiment_id, units.metric_id, units.aggregation, units.unit_id, units.arm, units.arm_count
),

valued as (
    select
        experiment_id,
        metric_id,
        arm,
        case when arm_count > 1 then 1 else 0 end as is_lost,
        case when aggregation <> 'proportion' then total when total > 0 then 1 else 0 end as value
    from totals
),

told as (
    select
        recorded.experiment_id,
        aliases.unit_type,
        aliases.unit_id,
        recorded.arm,
        min(recorded.received_at) as told_at
    from recorded
    inner join aliases
        on
            recorded.unit_type = aliases.unit_type
            and recorded.unit_type = aliases.alias_type
            and recorded.unit_id = aliases.alias_id
    group by recorded.experiment_id, aliases.unit_type, aliases.unit_id, recorded.arm
),

-- What was held back for its time has none that can be read, and may lie anywhere.
seen as (
    select
        units.experiment_id,
        units.metric_id,
        units.unit_type,
        units.unit_id,
        units.arm,
        max(case when outcome_events.row_status = 'accepted' then 1 else 0 end) as is_accepted,
        max(case when outcome_events.row_status = 'quarantined' then 1 else 0 end) as is_quarantined,
        max(case when outcome_events.row_status = 'accepted' and outcome_events.is_late then 1 else 0 end) as is_late,
        max(case when outcome_events.occurred_at < units.assigned_at then 1 else 0 end) as is_before,
        min(case when outcome_events.row_status = 'accepted' then outcome_events.received_at end) as known_at
    from windows as units
    inner join aliases
        on
            units.unit_type = aliases.unit_type
            and units.unit_id = aliases.unit_id
    inner join outcome_events
        on
            aliases.alias_type = outcome_events.unit_type
            and aliases.alias_id = outcome_events.unit_id
            and (
                outcome_events.name in (units.numerator_measure, units.denominator_measure)
                or outcome_events.name || '_value' in (units.numerator_measure, units.denominator_measure)
            )
            and (outcome_events.occurred_at >= units.window_starts_at or outcome_events.occurred_at is null)
            and (
                outcome_events.occurred_at < units.window_ends_at
                or outcome_events.occurred_at is null
                or units.window_ends_at is null
            )
    where units.arm_count = 1
    group by units.experiment_id, units.metric_id, units.unit_type, units.unit_id, units.arm
),

{{ ai_impact.losses_by_kind() }},

final as (
    select * from lost
    union all
    select * from unenrolled
)

select * from final
