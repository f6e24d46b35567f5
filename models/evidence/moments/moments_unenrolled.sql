{#- Units that are assigned in the log, and left out of the comparison by how or when: by arm, and by whether an outcome
    of theirs is known. One row per experiment, metric, arm and kind of loss, with the columns of moments_losses. -#}
{%- set double, is_open = ai_impact.physical_type('double'), ai_impact.is_open_type -%}
with recorded as (
    select * from {{ ref('ai_impact', 'base_assignments') }}
    where row_status in ('accepted', 'quarantined') and unit_id is not null and arm is not null
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where {{ ai_impact.has_assigned_arms() }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

outcome_events as (
    select * from {{ ref('ai_impact', 'base_outcome_events') }}
    where row_status = 'accepted'
),

-- What could not be read has no place.
placed as (
    select
        recorded.experiment_id,
        trim(recorded.arm) as arm,
        -- Staging hides ids of people and of unknown kinds: of a unit that goes by another kind, the same id is meant.
        case
            when {{ is_open('recorded.unit_type') }} and not {{ is_open('experiments.unit_type') }}
                then {{ ai_impact.id_token('recorded.unit_id') }}
            else recorded.unit_id
        end as unit_id,
        coalesce(recorded.assigned_at, recorded.occurred_at) as assigned_at,
        recorded.received_at,
        experiments.starts_at,
        case
            when recorded.row_status = 'accepted' and recorded.unit_type = experiments.unit_type
                then {{ ai_impact.enrolment(
                    'coalesce(recorded.assigned_at, recorded.occurred_at)', 'experiments'
                ) }}
            else 'unreadable'
        end as place
    from recorded
    inner join experiments on recorded.experiment_id = experiments.experiment_id
    cross join {{ ai_impact.id_key_table() }} as id_keys
),

enrolled as (
    select
        assignments.experiment_id,
        aliases.alias_id as unit_id,
        max(assignments.arm_count) as arm_count
    from assignments
    inner join aliases
        on
            assignments.unit_type = aliases.unit_type and assignments.unit_type = aliases.alias_type
            and assignments.unit_id = aliases.unit_id
    inner join experiments
        on assignments.experiment_id = experiments.experiment_id and assignments.unit_type = experiments.unit_type
    group by assignments.experiment_id, aliases.alias_id
),

-- An entry that dates the assignment back, and came a day or more after one of a later date, moves the window.
ordered as (
    select
        *,
        row_number() over (partition by experiment_id, arm, unit_id, place order by assigned_at, received_at)
            as position,
        min(received_at) over (
            partition by experiment_id, arm, unit_id order by assigned_at, received_at
            rows between 1 following and unbounded following
        ) as later_date_received_at
    from placed
),

units as (
    select
        ordered.experiment_id,
        ordered.arm,
        ordered.unit_id,
        min(ordered.starts_at) as starts_at,
        max(ordered.assigned_at) as last_assigned_at,
        min(case when ordered.place = 'within' then ordered.assigned_at end) as first_assigned_at,
        max(case when ordered.place = 'within' then 1 else 0 end) as is_within,
        max(case when ordered.place = 'before' then 1 else 0 end) as is_before,
        max(case when ordered.place = 'after' then 1 else 0 end) as is_after,
        max(case
            when
                ordered.position = 1
                and ordered.place in ('before', 'within')
                and ordered.received_at >= {{ ai_impact.add_time('day', 1, 'ordered.later_date_received_at') }}
                then 1
            else 0
        end) as is_predated
    from ordered
    group by ordered.experiment_id, ordered.arm, ordered.unit_id
),

sorted as (
    select
        units.*,
        case
            when enrolled.arm_count = 1 then 'kept'
            when enrolled.arm_count > 1 then 'several_arms'
            when units.is_within = 1 and units.is_before = 1 then 'before_start'
            when units.is_within = 1 then 'several_arms'
            when units.is_before = 1 then 'ramp'
            when units.is_after = 1 then 'after_end'
            else 'unreadable'
        end as place
    from units
    left join enrolled
        on units.experiment_id = enrolled.experiment_id and units.unit_id = enrolled.unit_id
),

-- Of who came after the end, what was known before they came.
valued as (
    select
        sorted.experiment_id,
        metrics.metric_id,
        sorted.arm,
        sorted.unit_id,
        sorted.place,
        sorted.is_predated,
        max(case
            when
                outcome_events.occurred_at < sorted.first_assigned_at
                and outcome_events.received_at >= {{ ai_impact.add_time('day', 1, 'sorted.first_assigned_at') }}
                then 1
            else 0
        end) as is_late_past,
        max(case
            when outcome_events.unit_id is null or outcome_events.occurred_at < sorted.starts_at then 0
            when sorted.place = 'after_end' and outcome_events.occurred_at >= sorted.last_assigned_at then 0
            else 1
        end) as value
    from sorted
    inner join metrics on sorted.experiment_id = metrics.experiment_id
    left join outcome_events
        on
            sorted.unit_id = outcome_events.unit_id
            and metrics.numerator_measure in (outcome_events.name, outcome_events.name || '_value')
    group by
        sorted.experiment_id, metrics.metric_id, sorted.arm, sorted.unit_id, sorted.place, sorted.is_predated
),

counted as (
    {% for kind in ['before_start', 'after_end', 'unreadable', 'predated', 'late_past'] -%}
        {%- set by_entry = kind in ['predated', 'late_past'] -%}
        {%- set lost = "place = 'kept' and is_" ~ kind ~ " = 1" if by_entry else "place = '" ~ kind ~ "'" %}
        select
            experiment_id,
            metric_id,
            arm,
            '{{ kind }}' as kind,
            cast(sum(case when {{ lost }} then 1 else 0 end) as {{ dbt.type_bigint() }}) as n_lost,
            count(*) as n_units,
            avg(case when not ({{ lost }}) then cast(value as {{ double }}) end) as mean_kept,
            var_samp(case when not ({{ lost }}) then cast(value as {{ double }}) end) as var_kept,
            avg(case when {{ lost }} then cast(value as {{ double }}) end) as mean_lost
        from valued
        where {{ "place = 'kept'" if by_entry else "place in ('kept', '" ~ kind ~ "')" }}
        group by experiment_id, metric_id, arm
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

totals as (
    select
        *,
        sum(n_lost) over (partition by experiment_id, metric_id, kind) as n_of_kind
    from counted
),

-- Where nobody of a kind is lost there is no question.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        kind,
        n_lost,
        n_units,
        mean_kept,
        var_kept,
        mean_lost
    from totals
    where n_of_kind > 0
)

select * from final
