{#-
    Experiments that are not in the registry any more, beside those that are and ask the same: one row per pair.

    The snapshot knows a registration that left; it counts if that was after it had begun, its siblings being of its use
    case, kind of unit and time. One that the warehouse never saw registered is known by its assignments alone: its
    siblings share half of the units of the smaller of both, at the same time.
-#}
with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
    where seed = 'experiments'
),

assignments as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

assigned as (
    select * from {{ ref('ai_impact', 'int_assignment_spans') }}
),

-- The newest version of each field that says what and when; of the dates, the widest that were ever announced.
seen as (
    select
        scope_id as experiment_id,
        min(valid_from) as seen_at,
        max(case when is_entry then valid_to end) as left_at,
        count(case when is_entry and valid_to is null then 1 end) as current_count,
        {{ ai_impact.latest("case when field = 'use_case_id' then nullif(value, '') end", ['valid_from']) }}
            as use_case_id,
        {{ ai_impact.latest("case when field = 'unit_type' then nullif(value, '') end", ['valid_from']) }}
            as unit_type,
        min(case when field = 'starts_at' then {{ ai_impact.try_cast("nullif(value, '')", 'timestamp') }} end)
            as starts_at,
        max(case when field = 'ends_at' then {{ ai_impact.try_cast("nullif(value, '')", 'timestamp') }} end) as ends_at
    from versions
    group by scope_id
),

-- A registration that left before it began was never an experiment.
left_registry as (
    select
        seen.experiment_id,
        seen.use_case_id,
        seen.unit_type,
        seen.left_at,
        {{ ai_impact.least(['seen.starts_at', 'assigned.first_assigned_at']) }} as first_at,
        {{ ai_impact.greatest(['seen.ends_at', 'assigned.last_assigned_at']) }} as last_at
    from seen
    left join assigned on seen.experiment_id = assigned.experiment_id
    left join experiments on seen.experiment_id = experiments.experiment_id
    where
        seen.current_count = 0
        and experiments.experiment_id is null
        and (assigned.first_assigned_at is not null or seen.left_at >= seen.starts_at)
),

never_seen as (
    select
        assigned.experiment_id,
        assigned.first_assigned_at as first_at,
        assigned.last_assigned_at as last_at
    from assigned
    left join seen on assigned.experiment_id = seen.experiment_id
    left join experiments on assigned.experiment_id = experiments.experiment_id
    where seen.experiment_id is null and experiments.experiment_id is null
),

registered as (
    select
        experiments.experiment_id,
        experiments.use_case_id,
        experiments.unit_type,
        {{ ai_impact.least([
            'cast(experiments.starts_at as ' ~ dbt.type_timestamp() ~ ')', 'assigned.first_assigned_at'
        ]) }} as first_at,
        {{ ai_impact.greatest([
            'cast(experiments.ends_at as ' ~ dbt.type_timestamp() ~ ')', 'assigned.last_assigned_at'
        ]) }} as last_at
    from experiments
    left join assigned on experiments.experiment_id = assigned.experiment_id
),

units as (
    select distinct
        experiment_id,
        unit_type,
        unit_id
    from assignments
),

sizes as (
    select
        experiment_id,
        count(*) as unit_count
    from units
    group by experiment_id
),

unknown_units as (
    select units.*
    from units
    inner join never_seen on units.experiment_id = never_seen.experiment_id
),

shared as (
    select
        units.experiment_id,
        unknown_units.experiment_id as withdrawn_experiment_id,
        count(*) as unit_count
    from unknown_units
    inner join units
        on
            unknown_units.unit_type = units.unit_type
            and unknown_units.unit_id = units.unit_id
    inner join registered on units.experiment_id = registered.experiment_id
    group by units.experiment_id, unknown_units.experiment_id
),

siblings as (
    select
        registered.experiment_id,
        left_registry.experiment_id as withdrawn_experiment_id,
        left_registry.left_at
    from registered
    inner join left_registry
        on
            registered.use_case_id = left_registry.use_case_id
            and registered.unit_type = left_registry.unit_type
            and {{ ai_impact.spans_meet('registered', 'left_registry') }}
    union all
    select
        registered.experiment_id,
        never_seen.experiment_id as withdrawn_experiment_id,
        cast(null as {{ dbt.type_timestamp() }}) as left_at
    from shared
    inner join registered on shared.experiment_id = registered.experiment_id
    inner join never_seen on shared.withdrawn_experiment_id = never_seen.experiment_id
    inner join sizes as own_size on registered.experiment_id = own_size.experiment_id
    inner join sizes as its_size on never_seen.experiment_id = its_size.experiment_id
    where
        2 * shared.unit_count >= {{ ai_impact.least(['own_size.unit_count', 'its_size.unit_count']) }}
        and {{ ai_impact.spans_meet('registered', 'never_seen') }}
),

final as (
    select
        {{ ai_impact.hash_key(['siblings.experiment_id', 'siblings.withdrawn_experiment_id']) }} as withdrawn_key,
        siblings.experiment_id,
        siblings.withdrawn_experiment_id,
        siblings.left_at,
        coalesce(seen.seen_at >= siblings.left_at, false) as is_its_return
    from siblings
    left join seen on siblings.experiment_id = seen.experiment_id
)

select * from final
