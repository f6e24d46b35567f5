{%- set geo = "case when experiments.design = 'geo' then experiments.starts_at end" -%}
{%- set exposed = 'coalesce(assignments.exposed_at, ' ~ geo ~ ')' -%}
{% set placed_by = ['first_treated_period', 'entered_period', 'first_period', 'first_row_period', 'last_row_period'] -%}
with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('did', 'staggered_did', 'geo')
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
    where aggregation <> 'quantile'
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
    where arm_count = 1
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

entries as (
    select * from {{ ref('ai_impact', 'int_unit_entries') }}
),

units as (
    select
        metrics.*,
        experiments.use_case_id,
        experiments.period as period_kind,
        experiments.starts_at,
        {{ ai_impact.least(['experiments.ends_at', 'experiments.data_end']) }} as seen_until,
        entries.unit_id,
        entries.entered_at,
        case
            when assignments.arm <> experiments.control_arm
                then {{ ai_impact.period_of('experiments.starts_at', exposed, 'experiments.period') }}
        end as first_treated_period
    from metrics
    inner join experiments on metrics.experiment_id = experiments.experiment_id
    inner join assignments
        on metrics.experiment_id = assignments.experiment_id and metrics.unit_type = assignments.unit_type
    inner join entries on assignments.unit_type = entries.unit_type and assignments.unit_id = entries.unit_id
    where {{ ai_impact.is_compared('assignments.arm', 'experiments') }}
),

-- A team or a person does other work too: tasks count where they are of the rollout's use case.
timed as (
    select
        units.*,
        measures.occurred_at,
        {{ ai_impact.period_of('units.starts_at', 'measures.occurred_at', 'units.period_kind') }} as period,
        {{ ai_impact.measured_value('numerator', 'units') }} as numerator,
        {{ ai_impact.measured_value('denominator', 'units') }} as denominator,
        {{ ai_impact.is_value_unknown('units') }} as is_unknown
    from units
    inner join measures
        on
            units.unit_type = measures.unit_type
            and units.unit_id = measures.unit_id
            and measures.measure in (units.numerator_measure, units.denominator_measure)
            and coalesce(measures.occurred_at < units.ends_at, true)
            and (measures.use_case_id = units.use_case_id or measures.use_case_id is null)
),

{{ ai_impact.metric_periods('timed') }},

totals as (
    select
        experiment_id,
        metric_id,
        unit_id,
        period,
        {{ ai_impact.exact_sum('numerator') }} as numerator,
        {{ ai_impact.exact_sum('denominator') }} as denominator,
        max(is_unknown) as is_unknown
    from timed
    group by experiment_id, metric_id, unit_id, period
),

entered as (
    select
        units.*,
        panels.first_period,
        panels.first_row_period,
        panels.last_row_period,
        {{ ai_impact.entered_period('units.starts_at', 'units.entered_at', 'units.period_kind') }} as entered_period
    from units
    inner join panels on units.experiment_id = panels.experiment_id and units.metric_id = panels.metric_id
),

-- Of a unit that is there a count is 0 where nothing was seen, and a ratio is unknown. Before it is there, both are.
final as (
    select
        entered.experiment_id,
        entered.metric_id,
        entered.unit_id,
        {%- for name in placed_by %}
            cast(entered.{{ name }} as {{ dbt.type_int() }}) as {{ name }},
        {%- endfor %}
        cast(periods.period as {{ dbt.type_int() }}) as period,
        cast(case
            when entered.entered_period is null or periods.period < entered.entered_period then null
            when totals.is_unknown = 1 and entered.aggregation <> 'proportion' then null
            when totals.is_unknown = 1 and coalesce(totals.numerator, 0) <= 0 then null
            when entered.denominator_measure is not null
                then {{ ai_impact.safe_divide('coalesce(totals.numerator, 0)', 'totals.denominator') }}
            when entered.aggregation = 'proportion' then case when totals.numerator > 0 then 1 else 0 end
            else {{ ai_impact.transformed('coalesce(totals.numerator, 0)', 'entered.transform', 'null') }}
        end as {{ ai_impact.physical_type('double') }}) as value
    from entered
    inner join periods on entered.experiment_id = periods.experiment_id and entered.metric_id = periods.metric_id
    left join totals
        on
            entered.experiment_id = totals.experiment_id and entered.metric_id = totals.metric_id
            and entered.unit_id = totals.unit_id and periods.period = totals.period
)

select * from final
