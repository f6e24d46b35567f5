{%- set slots = ai_impact.panel_slots() -%}
{%- set cohort = 'coalesce(max(first_treated_period), ' ~ ai_impact.never_treated() ~ ')' -%}
{%- set keys = ['experiment_id', 'metric_id', 'cohort'] -%}
with unit_periods as {{ ai_impact.inlined() }} (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did')
),

placed as (
    select
        *,
        {{ ai_impact.block_of('period - first_period') }} as block,
        mod(period - first_period, {{ slots }}) as slot
    from unit_periods
),

-- A row for a unit and {{ slots }} periods: what is compared below stands side by side.
blocks as (
    select
        experiment_id,
        metric_id,
        unit_id,
        block,
        {{ cohort }} as cohort,
        max(first_period) as first_period,
        {{ ai_impact.slot_values('value', 'slot') }}
    from placed
    group by experiment_id, metric_id, unit_id, block
),

gapped as (
    select
        experiment_id,
        metric_id,
        unit_id,
        {{ cohort }} as cohort,
        max(first_period) as first_period
    from unit_periods
    where value is null
    group by experiment_id, metric_id, unit_id
),

kept as (
    select blocks.*
    from blocks
    left join gapped
        on
            blocks.experiment_id = gapped.experiment_id
            and blocks.metric_id = gapped.metric_id
            and blocks.unit_id = gapped.unit_id
    where gapped.unit_id is null
),

-- A unit has a row in every period, and so one in the first block.
counted as (
    select
        {{ keys | join(', ') }},
        first_period,
        0 as is_left_out
    from kept
    where block = 0
    union all
    select
        {{ keys | join(', ') }},
        first_period,
        1 as is_left_out
    from gapped
),

cohorts as (
    select
        {{ keys | join(', ') }},
        min(first_period) as first_period,
        sum(1 - is_left_out) as n,
        sum(is_left_out) as n_left_out
    from counted
    group by {{ keys | join(', ') }}
),

{{ ai_impact.pairs_of_slots('kept', keys, 'unit_id') }},

-- A cohort of which no unit is whole keeps one row, so that it is counted.
final as (
    select
        cohorts.experiment_id,
        cohorts.metric_id,
        nullif(cohorts.cohort, {{ ai_impact.never_treated() }}) as first_treated_period,
        cohorts.first_period + pairs.place_a as period_a,
        cohorts.first_period + pairs.place_b as period_b,
        cast(cohorts.n as {{ dbt.type_bigint() }}) as n,
        cast(cohorts.n_left_out as {{ dbt.type_bigint() }}) as n_left_out,
        pairs.mean_a,
        pairs.mean_b,
        pairs.covariance
    from cohorts
    inner join experiments on cohorts.experiment_id = experiments.experiment_id
    left join pairs
        on
            cohorts.experiment_id = pairs.experiment_id
            and cohorts.metric_id = pairs.metric_id
            and cohorts.cohort = pairs.cohort
)

select * from final
