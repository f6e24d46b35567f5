{%- set slots = ai_impact.panel_slots() -%}
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
        max(first_treated_period) as first_treated_period,
        count(*) - count(value) as gaps,
        {{ ai_impact.slot_values('value', 'place - ' ~ slots ~ ' * block') }}
    from placed
    group by experiment_id, metric_id, unit_id, block
),

gapped as (
    select distinct
        experiment_id,
        metric_id,
        unit_id
    from blocks
    where gaps > 0
),

marked as (
    select
        blocks.*,
        gapped.unit_id is null as is_whole
    from blocks
    left join gapped
        on
            blocks.experiment_id = gapped.experiment_id
            and blocks.metric_id = gapped.metric_id
            and blocks.unit_id = gapped.unit_id
),

-- A number in the place of three keys. A unit has a row in every period, and so one in the first block.
cohorts as (
    select
        experiment_id,
        metric_id,
        first_treated_period,
        count(*) as n_units,
        count(case when is_whole then 1 end) as n_whole,
        row_number() over (order by experiment_id, metric_id, coalesce(first_treated_period, -100000)) as cohort
    from marked
    where block = 0
    group by experiment_id, metric_id, first_treated_period
),

kept as (
    select
        cohorts.cohort,
        marked.*
    from marked
    inner join cohorts
        on
            marked.experiment_id = cohorts.experiment_id
            and marked.metric_id = cohorts.metric_id
            and coalesce(marked.first_treated_period, -100000) = coalesce(cohorts.first_treated_period, -100000)
    where marked.is_whole
),

{{ ai_impact.pairs_of_slots('kept', 'cohort', ['experiment_id', 'metric_id', 'unit_id']) }},

-- A cohort of which no unit is whole keeps one row, so that it is counted.
final as (
    select
        cohorts.experiment_id,
        cohorts.metric_id,
        cohorts.first_treated_period,
        spans.first_period + pairs.place_a as period_a,
        spans.first_period + pairs.place_b as period_b,
        cast(cohorts.n_whole as {{ dbt.type_bigint() }}) as n,
        cast(cohorts.n_units - cohorts.n_whole as {{ dbt.type_bigint() }}) as n_left_out,
        pairs.mean_a,
        pairs.mean_b,
        pairs.covariance
    from cohorts
    inner join spans on cohorts.experiment_id = spans.experiment_id
    left join pairs on cohorts.cohort = pairs.cohort
)

select * from final
