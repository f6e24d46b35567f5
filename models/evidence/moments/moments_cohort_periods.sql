{%- set slots = ai_impact.panel_slots() -%}
{%- set keys = ['experiment_id', 'metric_id', 'cohort'] -%}
with unit_periods as {{ ai_impact.inlined() }} (
    select * from {{ ref('int_unit_periods') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did')
),

spans as (
    select
        unit_periods.experiment_id,
        min(unit_periods.period) as first_period
    from unit_periods
    inner join experiments on unit_periods.experiment_id = experiments.experiment_id
    group by unit_periods.experiment_id
),

placed as (
    select
        unit_periods.*,
        unit_periods.period - spans.first_period as place,
        {{ ai_impact.block_of('unit_periods.period - spans.first_period') }} as block
    from unit_periods
    inner join spans on unit_periods.experiment_id = spans.experiment_id
),

-- A row for a unit and {{ slots }} periods: what is compared below stands side by side.
blocks as (
    select
        experiment_id,
        metric_id,
        unit_id,
        block,
        coalesce(max(first_treated_period), {{ ai_impact.never_treated() }}) as cohort,
        {{ ai_impact.slot_values('value', 'place - ' ~ slots ~ ' * block') }}
    from placed
    group by experiment_id, metric_id, unit_id, block
),

gapped as (
    select
        unit_periods.experiment_id,
        unit_periods.metric_id,
        unit_periods.unit_id,
        coalesce(max(unit_periods.first_treated_period), {{ ai_impact.never_treated() }}) as cohort
    from unit_periods
    inner join spans on unit_periods.experiment_id = spans.experiment_id
    where unit_periods.value is null
    group by unit_periods.experiment_id, unit_periods.metric_id, unit_periods.unit_id
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
        0 as is_left_out
    from kept
    where block = 0
    union all
    select
        {{ keys | join(', ') }},
        1 as is_left_out
    from gapped
),

cohorts as (
    select
        {{ keys | join(', ') }},
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
        spans.first_period + pairs.place_a as period_a,
        spans.first_period + pairs.place_b as period_b,
        cast(cohorts.n as {{ dbt.type_bigint() }}) as n,
        cast(cohorts.n_left_out as {{ dbt.type_bigint() }}) as n_left_out,
        pairs.mean_a,
        pairs.mean_b,
        pairs.covariance
    from cohorts
    inner join spans on cohorts.experiment_id = spans.experiment_id
    left join pairs
        on
            cohorts.experiment_id = pairs.experiment_id
            and cohorts.metric_id = pairs.metric_id
            and cohorts.cohort = pairs.cohort
)

select * from final
