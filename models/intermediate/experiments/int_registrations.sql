{#- What is known of a registration: when its experiment began, who can show that it was registered before, what changed
    after, and what was withdrawn beside it. -#}
with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
),

changes as (
    select * from {{ ref('ai_impact', 'int_definition_changes') }}
    where counts
),

uses as (
    select * from {{ ref('ai_impact', 'int_definition_uses') }}
),

registration_hashes as (
    select * from {{ ref('ai_impact', 'int_registration_hashes') }}
),

withdrawn as (
    select * from {{ ref('ai_impact', 'int_withdrawn_experiments') }}
),

assigned as (
    select * from {{ ref('ai_impact', 'int_assignment_spans') }}
),

attestations as (
    select * from {{ ref('ai_impact', 'int_attestations') }}
),

dates as (
    select
        scope_id as experiment_id,
        field,
        {{ ai_impact.try_cast("nullif(value, '')", 'timestamp') }} as dated_at,
        valid_to
    from versions
    where seed = 'experiments' and field in ('starts_at', 'ends_at')
),

-- A start that was put off before it came was none; one that was moved after it came stays.
announced as (
    select
        experiment_id,
        min(case when field = 'starts_at' and (valid_to is null or valid_to >= dated_at) then dated_at end)
            as first_starts_at,
        max(case when field = 'ends_at' then dated_at end) as latest_ends_at
    from dates
    group by experiment_id
),

entries as (
    select
        scope_id as experiment_id,
        min(valid_from) as seen_at
    from versions
    where seed = 'experiments' and is_entry
    group by scope_id
),

dated as (
    select
        cast(experiments.experiment_id as {{ dbt.type_string() }}) as experiment_id,
        cast(experiments.registered_at as {{ dbt.type_timestamp() }}) as registered_at,
        entries.seen_at as first_seen_at,
        {{ ai_impact.least(['entries.seen_at', 'attestations.attested_at']) }} as witnessed_at,
        {{ ai_impact.least([
            'assigned.first_assigned_at', 'announced.first_starts_at',
            'case when entries.seen_at is null then cast(experiments.starts_at as ' ~ dbt.type_timestamp() ~ ') end'
        ]) }} as started_at,
        announced.latest_ends_at
    from experiments
    left join entries on experiments.experiment_id = entries.experiment_id
    left join announced on experiments.experiment_id = announced.experiment_id
    left join assigned on experiments.experiment_id = assigned.experiment_id
    left join attestations on experiments.experiment_id = attestations.experiment_id
),

touched as (
    select
        dated.experiment_id,
        changes.seed || '.' || changes.field as changed_field
    from changes
    inner join uses
        on
            changes.scope = uses.scope
            and changes.scope_id = uses.scope_id
    inner join dated on uses.experiment_id = dated.experiment_id
    where changes.seen_at >= dated.started_at
    {{ ai_impact.union_distinct() }}
    select
        experiment_id,
        'experiments.experiment_id' as changed_field
    from withdrawn
    where is_its_return
),

changed as (
    select
        experiment_id,
        {{ ai_impact.joined_sorted('changed_field', '|') }} as changed_fields
    from touched
    group by experiment_id
),

siblings as (
    select
        experiment_id,
        count(*) as n_withdrawn
    from withdrawn
    group by experiment_id
),

final as (
    select
        dated.experiment_id,
        dated.started_at,
        dated.first_seen_at,
        dated.witnessed_at,
        coalesce(dated.registered_at <= dated.started_at, false) as is_registered_before_start,
        coalesce(dated.witnessed_at <= dated.started_at, false) as is_registration_witnessed,
        case
            when dated.first_seen_at is not null then changed.experiment_id is not null
        end as is_changed_after_start,
        case when changed.experiment_id is not null then changed.changed_fields end as changed_fields,
        coalesce(siblings.n_withdrawn, 0) as n_withdrawn,
        registration_hashes.registration_hash,
        dated.latest_ends_at
    from dated
    left join changed on dated.experiment_id = changed.experiment_id
    left join siblings on dated.experiment_id = siblings.experiment_id
    left join registration_hashes on dated.experiment_id = registration_hashes.experiment_id
)

select * from final
