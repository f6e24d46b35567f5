with changes as (
    select * from {{ ref('ai_impact', 'int_definition_changes') }}
),

uses as (
    select * from {{ ref('ai_impact', 'int_definition_uses') }}
),

registrations as (
    select * from {{ ref('ai_impact', 'int_registrations') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

kpi_catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

-- An experiment that left the registry is still one that its change touches.
touched as (
    select
        changes.change_key,
        uses.experiment_id
    from changes
    inner join uses
        on
            changes.scope = uses.scope
            and changes.scope_id = uses.scope_id
    {{ ai_impact.union_distinct() }}
    select
        change_key,
        scope_id as experiment_id
    from changes
    where scope in ('experiment', 'attestation')
),

marked as (
    select
        touched.change_key,
        touched.experiment_id,
        experiments.use_case_id,
        case when changes.counts and changes.seen_at >= registrations.started_at then touched.experiment_id end
            as marked_experiment_id
    from touched
    inner join changes on touched.change_key = changes.change_key
    left join registrations on touched.experiment_id = registrations.experiment_id
    left join experiments on touched.experiment_id = experiments.experiment_id
),

experiment_lists as (
    select
        change_key,
        {{ ai_impact.joined_sorted('experiment_id', '|') }} as experiment_ids,
        nullif({{ ai_impact.joined_sorted('marked_experiment_id', '|') }}, '') as marked_experiment_ids
    from marked
    group by change_key
),

-- A KPI changes with its own definition, and with that of the KPI that guards it.
kpis as (
    select
        changes.change_key,
        kpi_catalog.kpi_id
    from changes
    inner join kpi_catalog
        on
            changes.scope_id = kpi_catalog.kpi_id
            or changes.scope_id = kpi_catalog.guarded_by
    where changes.scope = 'kpi'
    {{ ai_impact.union_distinct() }}
    select
        change_key,
        scope_id as kpi_id
    from changes
    where scope = 'kpi'
),

kpi_lists as (
    select
        change_key,
        {{ ai_impact.joined_sorted('kpi_id', '|') }} as kpi_ids
    from kpis
    group by change_key
),

use_cases as (
    select
        change_key,
        use_case_id
    from marked
    where use_case_id is not null
    {{ ai_impact.union_distinct() }}
    select
        change_key,
        scope_id as use_case_id
    from changes
    where scope in ('use_case', 'return_of')
),

use_case_lists as (
    select
        change_key,
        {{ ai_impact.joined_sorted('use_case_id', '|') }} as use_case_ids
    from use_cases
    group by change_key
),

final as (
    select
        changes.change_key,
        changes.kind as definition_kind,
        changes.seed,
        changes.definition_id,
        changes.field,
        changes.change,
        changes.from_value,
        changes.to_value,
        changes.seen_at,
        experiment_lists.experiment_ids,
        experiment_lists.marked_experiment_ids,
        use_case_lists.use_case_ids,
        kpi_lists.kpi_ids
    from changes
    left join experiment_lists on changes.change_key = experiment_lists.change_key
    left join use_case_lists on changes.change_key = use_case_lists.change_key
    left join kpi_lists on changes.change_key = kpi_lists.change_key
)

select * from final
