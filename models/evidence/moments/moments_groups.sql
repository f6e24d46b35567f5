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

clusters as (
    select * from {{ ref('ai_impact', 'int_unit_clusters') }}
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
    where value is null and name <> 'exists_from'
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

opportunities as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
),

kinds as (
    select distinct
        unit_type,
        unit_kind
    from experiments
),

tasks_of as (
    select
        kinds.unit_type,
        {{ ai_impact.task_unit('alias_type', 'kinds', 'tasks') }} as alias_type,
        {{ ai_impact.task_unit('alias_id', 'kinds', 'tasks') }} as alias_id,
        tasks.person_id,
        tasks.team_id,
        tasks.subject_type || ':' || tasks.subject_id as subject,
        tasks.first_occurred_at,
        tasks.task_key
    from tasks
    cross join kinds
),

-- Whom a unit belongs to is what its first task says.
worked as (
    select
        aliases.unit_type,
        aliases.unit_id,
        tasks_of.person_id,
        tasks_of.team_id,
        tasks_of.subject,
        row_number() over (
            partition by aliases.unit_type, aliases.unit_id
            order by tasks_of.first_occurred_at, tasks_of.task_key
        ) as position
    from tasks_of
    inner join aliases
        on
            tasks_of.unit_type = aliases.unit_type
            and tasks_of.alias_type = aliases.alias_type
            and tasks_of.alias_id = aliases.alias_id
),

owned as (
    select
        aliases.unit_type,
        aliases.unit_id,
        min(opportunities.owner_id) as owner_id
    from opportunities
    inner join aliases on aliases.alias_type = 'account' and opportunities.account_id = aliases.alias_id
    where opportunities.owner_id is not null
    group by aliases.unit_type, aliases.unit_id
),

grouped as (
    {% for kind, column in [('person', 'person_id'), ('team', 'team_id'), ('subject', 'subject')] -%}
        select
            unit_type,
            unit_id,
            '{{ kind }}' as kind,
            {{ column }} as label
        from worked
        where position = 1 and {{ column }} is not null
        union all
    {% endfor -%}
    select
        unit_type,
        unit_id,
        'owner' as kind,
        owner_id as label
    from owned
),

labels as (
    select
        assignments.experiment_id,
        assignments.unit_type,
        assignments.unit_id,
        grouped.kind,
        grouped.label
    from assignments
    inner join grouped
        on
            assignments.unit_type = grouped.unit_type
            and assignments.unit_id = grouped.unit_id
    union all
    select
        assignments.experiment_id,
        assignments.unit_type,
        assignments.unit_id,
        covariates.name as kind,
        covariates.label
    from assignments
    inner join covariates
        on
            assignments.unit_type = covariates.unit_type
            and assignments.unit_id = covariates.unit_id
            and assignments.assigned_at = covariates.assigned_at
),

-- A registered cluster counts as one: what is looked for are groups of them.
members as (
    select distinct
        labels.experiment_id,
        labels.kind,
        labels.label,
        case
            when experiments.cluster_by = 'stratum' and assignments.stratum is not null
                then 'cluster:' || assignments.stratum
            when clusters.cluster_id is not null then 'cluster:' || clusters.cluster_id
            else assignments.unit_id
        end as member_id,
        case when assignments.arm = experiments.control_arm then 0 else 1 end as is_treated
    from labels
    inner join experiments on labels.experiment_id = experiments.experiment_id
    inner join assignments
        on
            labels.experiment_id = assignments.experiment_id
            and labels.unit_type = assignments.unit_type
            and labels.unit_id = assignments.unit_id
    left join clusters
        on
            assignments.unit_type = clusters.unit_type
            and assignments.unit_id = clusters.unit_id
            and assignments.assigned_at = clusters.assigned_at
            and experiments.cluster_by = clusters.cluster_by
),

sized as (
    select
        experiment_id,
        kind,
        label,
        count(*) as n_units,
        cast(sum(is_treated) as {{ dbt.type_bigint() }}) as n_treated
    from members
    group by experiment_id, kind, label
),

final as (
    select
        experiment_id,
        kind,
        n_units,
        n_treated,
        count(*) as n_groups
    from sized
    group by experiment_id, kind, n_units, n_treated
)

select * from final
