with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('did', 'staggered_did', 'geo')
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

unit_covariates as (
    select * from {{ ref('ai_impact', 'stg_unit_covariates') }}
    where name = 'exists_from'
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

units as (
    select distinct
        assignments.unit_type,
        assignments.unit_id
    from assignments
    inner join experiments
        on
            assignments.experiment_id = experiments.experiment_id
            and assignments.unit_type = experiments.unit_type
),

kinds as (
    select distinct unit_type from units
),

-- Assignments and attributes are no signs of life: they are written of units that are yet to come, too.
signs as (
    {{ ai_impact.signs_of_life('kinds') }}
),

seen as (
    select
        aliases.unit_type,
        aliases.unit_id,
        min(signs.seen_at) as first_seen_at
    from signs
    inner join aliases
        on
            signs.unit_type = aliases.alias_type
            and signs.unit_id = aliases.alias_id
    group by aliases.unit_type, aliases.unit_id
),

-- What can't be read as a time is as if it were not there.
registered as (
    select
        aliases.unit_type,
        aliases.unit_id,
        min({{ ai_impact.try_cast('unit_covariates.value_text', 'timestamp') }}) as exists_from
    from unit_covariates
    inner join aliases
        on
            unit_covariates.unit_type = aliases.alias_type
            and unit_covariates.unit_id = aliases.alias_id
    group by aliases.unit_type, aliases.unit_id
),

final as (
    select
        units.unit_type,
        units.unit_id,
        coalesce(registered.exists_from, seen.first_seen_at) as entered_at
    from units
    left join seen
        on
            units.unit_type = seen.unit_type
            and units.unit_id = seen.unit_id
    left join registered
        on
            units.unit_type = registered.unit_type
            and units.unit_id = registered.unit_id
)

select * from final
