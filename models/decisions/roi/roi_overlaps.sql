{#- Which pairs of use cases reach the same units with their revenue effects, or speak of one series. Where the arms of
    two experiments go together, each difference between arms contains the effect of the other: the revenue is one, and
    the company counts it once. Where they are independent, each has its own. -#}
{%- set double = ai_impact.physical_type('double') -%}
with effects as (
    select * from {{ ref('ai_impact', 'roi_effects') }}
    where term = 'revenue' and is_chosen
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

units as (
    select
        effects.use_case_id,
        {{ ai_impact.unit_kind('assignments.unit_type') }} as unit_kind,
        assignments.unit_id,
        case when assignments.arm = experiments.control_arm then 0 else 1 end as is_treated
    from effects
    inner join experiments on effects.experiment_id = experiments.experiment_id
    inner join assignments on effects.experiment_id = assignments.experiment_id
    where
        effects.basis = 'per_unit'
        and (
            assignments.arm = experiments.control_arm
            or assignments.arm = coalesce(effects.treatment_arm, assignments.arm)
        )
),

sizes as (
    select
        use_case_id,
        sum(is_treated) as n_treated,
        sum(1 - is_treated) as n_control
    from units
    group by use_case_id
),

shared as (
    select
        one.use_case_id,
        two.use_case_id as other_use_case_id,
        sum(one.is_treated * two.is_treated) as both_treated,
        sum((1 - one.is_treated) * two.is_treated) as only_other_treated
    from units as one
    inner join units as two
        on
            one.unit_kind = two.unit_kind
            and one.unit_id = two.unit_id
            and one.use_case_id <> two.use_case_id
    group by one.use_case_id, two.use_case_id
),

-- How much more often the other one treats who is treated here than who is not: 1 for the same arms, 0 for independent.
rates as (
    select
        shared.use_case_id,
        shared.other_use_case_id,
        sizes.n_treated,
        cast(shared.both_treated as {{ double }}) / sizes.n_treated as share_treated,
        coalesce(cast(shared.only_other_treated as {{ double }}) / nullif(sizes.n_control, 0), 0) as share_control,
        cast(shared.both_treated + shared.only_other_treated as {{ double }})
        / (sizes.n_treated + sizes.n_control) as share_all,
        cast(1 as {{ double }}) / sizes.n_treated
        + cast(1 as {{ double }}) / {{ ai_impact.greatest(['sizes.n_control', '1']) }} as inverse_n
    from shared
    inner join sizes on shared.use_case_id = sizes.use_case_id
    where sizes.n_treated > 0
),

dependent as (
    select
        *,
        share_treated - share_control >= 0.9
        or (
            share_treated - share_control > 0.2
            and share_treated - share_control > 3 * sqrt(share_all * (1 - share_all) * inverse_n)
        ) as contains_other
    from rates
),

-- One experiment may have enrolled who was treated in the other: either may contain the other.
of_units as (
    select
        here.use_case_id,
        here.other_use_case_id,
        here.n_treated,
        here.share_treated as share_shared,
        here.contains_other or coalesce(there.contains_other, false) as is_together
    from dependent as here
    left join dependent as there
        on here.use_case_id = there.other_use_case_id and here.other_use_case_id = there.use_case_id
),

of_series as (
    select
        one.use_case_id,
        two.use_case_id as other_use_case_id,
        cast(0 as bigint) as n_treated,
        cast(1 as {{ double }}) as share_shared,
        true as is_together
    from effects as one
    inner join effects as two on one.metric_id = two.metric_id and one.use_case_id <> two.use_case_id
    where one.basis = 'per_week' and two.basis = 'per_week'
),

final as (
    select
        use_case_id,
        other_use_case_id,
        cast(n_treated as bigint) as n_treated,
        share_shared,
        is_together
    from of_units
    union all
    select * from of_series
)

select * from final
