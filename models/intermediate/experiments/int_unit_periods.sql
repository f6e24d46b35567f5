{%- set geo = "case when experiments.design = 'geo' then experiments.starts_at end" -%}
with experiments as (
    select * from {{ ref('int_experiments') }}
    where design in ('did', 'staggered_did', 'geo')
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where aggregation <> 'quantile'
),

assignments as (
    select * from {{ ref('int_assignments') }}
    where arm_count = 1
),

measures as (
    select * from {{ ref('int_unit_measures') }}
),

-- Periods count from the start of the rollout, those before it are negative. Regions start when it does.
units as (
    select
        metrics.*,
        experiments.use_case_id,
        assignments.unit_id,
        experiments.starts_at,
        {{ ai_impact.least(['experiments.ends_at', 'experiments.data_end']) }} as seen_until,
        case
            when assignments.arm <> experiments.control_arm
                then {{ ai_impact.period_of('experiments.starts_at', 'coalesce(assignments.exposed_at, ' ~ geo ~ ')') }}
        end as first_treated_period
    from metrics
    inner join experiments on metrics.experiment_id = experiments.experiment_id
    inner join assignments
        on metrics.experiment_id = assignments.experiment_id and metrics.unit_type = assignments.unit_type
    where {{ ai_impact.is_compared('assignments.arm', 'experiments') }}
),

-- A team or a person does other work too: tasks count where they are of the rollout's use case.
timed as (
    select
        units.experiment_id,
        units.metric_id,
        units.unit_id,
        units.starts_at,
        units.seen_until,
        measures.occurred_at,
        {{ ai_impact.period_of('units.starts_at', 'measures.occurred_at') }} as period,
        case when measures.measure = units.numerator_measure then measures.value end as numerator,
        case when measures.measure = units.denominator_measure then measures.value end as denominator
    from units
    inner join measures
        on
            units.unit_type = measures.unit_type
            and units.unit_id = measures.unit_id
            and measures.measure in (units.numerator_measure, units.denominator_measure)
            and measures.occurred_at < units.seen_until
            and (measures.use_case_id = units.use_case_id or measures.use_case_id is null)
),

-- Whole periods within the data: a period that was cut short would look like a change.
spans as (
    select
        experiment_id,
        {{ ai_impact.period_of('min(starts_at)', 'min(occurred_at)', 'ceil') }} as first_period,
        {{ ai_impact.period_of('min(starts_at)', 'min(seen_until)') }} as end_period
    from timed
    group by experiment_id
),

periods as (
    select
        timed.experiment_id,
        timed.period,
        min(timed.period) over (partition by timed.experiment_id) as first_period
    from timed
    inner join spans on timed.experiment_id = spans.experiment_id
    where timed.period >= spans.first_period and timed.period < spans.end_period
    group by timed.experiment_id, timed.period
),

totals as (
    select
        experiment_id,
        metric_id,
        unit_id,
        period,
        {{ ai_impact.exact_sum('numerator') }} as numerator,
        {{ ai_impact.exact_sum('denominator') }} as denominator
    from timed
    group by experiment_id, metric_id, unit_id, period
),

-- A unit of which nothing was seen has a count of 0, and no ratio.
final as (
    select
        units.experiment_id,
        units.metric_id,
        units.unit_id,
        cast(units.first_treated_period as {{ dbt.type_int() }}) as first_treated_period,
        cast(periods.period as {{ dbt.type_int() }}) as period,
        cast(periods.first_period as {{ dbt.type_int() }}) as first_period,
        cast(case
            when units.denominator_measure is not null
                then {{ ai_impact.safe_divide('coalesce(totals.numerator, 0)', 'totals.denominator') }}
            when units.aggregation = 'proportion' then case when totals.numerator > 0 then 1 else 0 end
            else {{ ai_impact.transformed('coalesce(totals.numerator, 0)', 'units.transform', 'null') }}
        end as {{ ai_impact.physical_type('double') }}) as value
    from units
    inner join periods on units.experiment_id = periods.experiment_id
    left join totals
        on
            units.experiment_id = totals.experiment_id
            and units.metric_id = totals.metric_id
            and units.unit_id = totals.unit_id
            and periods.period = totals.period
)

select * from final
