{{ config(group='decisions') }}
-- The projection starts where AI stands: of a series its pace, times twelve, is the revenue a year of the newest 90
-- days; of units it is that of the units that AI reached in them for the first time, and no others. Each band holds
-- what is expected.
with paces as (
    select * from {{ ref('ai_impact', 'roi_run_rates') }}
    where units is not null
),

effects as (
    select * from {{ ref('ai_impact', 'roi_effects') }}
    where term = 'revenue' and choice = 1
),

costs as (
    select * from {{ ref('ai_impact', 'roi_costs') }}
    where period_grain = 'rolling_90d'
),

reach as (
    select * from {{ ref('ai_impact', 'int_treated_units_daily') }}
),

summary as (
    select * from {{ ref('ai_impact', 'roi_summary') }}
    where period_grain = 'rolling_90d' and roi is not null and revenue <> 0
),

projection as (
    select * from {{ ref('ai_impact', 'revenue_projection') }}
),

reached as (
    select
        paces.use_case_id,
        paces.units,
        effects.estimate,
        costs.days,
        sum(coalesce(reach.units, 0)) as new_units
    from paces
    inner join effects on paces.use_case_id = effects.use_case_id
    inner join costs on paces.use_case_id = costs.use_case_id and paces.period_end = costs.period_end
    left join reach
        on
            effects.experiment_id = reach.experiment_id
            and coalesce(reach.treatment_arm, effects.treatment_arm, '')
            = coalesce(effects.treatment_arm, reach.treatment_arm, '')
            and reach.reached_on >= costs.cost_from
            and reach.reached_on < costs.period_end
    where paces.basis = 'per_unit'
    group by paces.use_case_id, paces.units, effects.estimate, costs.days
)

select
    paces.use_case_id,
    'pace' as problem
from paces
inner join summary on paces.use_case_id = summary.use_case_id and paces.period_end = summary.period_end
where
    paces.is_counted
    and paces.basis = 'per_week'
    and abs(12 * paces.units * paces.value_per_unit_base - summary.revenue) > 1e-6 * abs(summary.revenue)
union all
select
    use_case_id,
    'reach' as problem
from reached
where abs(abs(units) - new_units * abs(estimate) * 365.0 / (12 * days)) > 1e-6 * (1 + abs(units))
union all
select
    use_case_id,
    'band' as problem
from projection
where
    expected not between ci_low and ci_high
    or expected not between low and high
    or cumulative_expected not between cumulative_ci_low and cumulative_ci_high
    or (expected is null and reason is null)
