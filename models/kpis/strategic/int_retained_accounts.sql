{#- Each account of the experiment that `kpi_catalog` names for retained_revenue: whether AI reached it, when it was
    watched, and when it left with how much. -#}
with catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
    where kpi_id = 'retained_revenue'
),

-- Where accounts were not assigned at random, those without AI are others, not the same ones without it.
experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where
        unit_type in ({{ ai_impact.quoted(ai_impact.same_kind('account')) }})
        and assignment_method in ('randomized', 'holdout')
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
    where alias_type = 'account'
),

lost as (
    select * from {{ ref('ai_impact', 'int_lost_accounts') }}
),

assigned as (
    select
        assignments.unit_type,
        assignments.unit_id,
        assignments.assigned_at,
        experiments.ends_at,
        case when {{ ai_impact.in_list('assignments.arm', 'experiments.treatment_arm') }} then 1 else 0 end
            as is_reached
    from assignments
    inner join experiments on assignments.experiment_id = experiments.experiment_id
    inner join catalog on experiments.experiment_id = catalog.causal_experiment_id
    where {{ ai_impact.is_compared('assignments.arm', 'experiments') }}
),

departures as (
    select
        aliases.unit_type,
        aliases.unit_id,
        lost.churned_at,
        lost.amount,
        lost.problem
    from aliases
    inner join lost on aliases.alias_id = lost.account_id
),

final as (
    select
        assigned.unit_id,
        assigned.is_reached,
        cast(assigned.assigned_at as date) as assigned_on,
        cast(assigned.ends_at as date) as ends_on,
        cast(departures.churned_at as date) as left_on,
        cast(departures.amount as {{ ai_impact.physical_type('double') }}) as amount,
        departures.problem
    from assigned
    left join departures
        on
            assigned.unit_type = departures.unit_type
            and assigned.unit_id = departures.unit_id
            and departures.churned_at >= assigned.assigned_at
            and departures.churned_at < assigned.ends_at
)

select * from final
