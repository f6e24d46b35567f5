{%- set sides = {'': '>=', 'past_': '<', 'early_': 'early', 'late_': 'late'} -%}
with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design = 'matched'
),

all_windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
    where aggregation <> 'quantile'
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

known as (
    select * from {{ ref('ai_impact', 'int_matched_covariates') }}
),

windows as (
    select
        all_windows.*,
        experiments.use_case_id
    from all_windows
    inner join experiments on all_windows.experiment_id = experiments.experiment_id
),

-- A person does other work too: tasks count where they are of the experiment's use case.
totals as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        {%- for name, side in sides.items() %}
            {{ ai_impact.unit_total('numerator', side) }} as {{ name }}numerator,
            {{ ai_impact.unit_total('denominator', side) }} as {{ name }}denominator
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from windows
    inner join measures
        on
            windows.unit_type = measures.unit_type
            and windows.unit_id = measures.unit_id
            and measures.measure in (windows.numerator_measure, windows.denominator_measure)
            and (measures.use_case_id = windows.use_case_id or measures.use_case_id is null)
            and measures.occurred_at >= windows.pre_starts_at
            and (measures.occurred_at < windows.window_ends_at or windows.window_ends_at is null)
    group by windows.experiment_id, windows.metric_id, windows.unit_id
),

-- A name for units of the same bins; what the bins are is read from int_matched_covariates.
cells as (
    select
        experiment_id,
        metric_id,
        unit_id,
        {{ ai_impact.joined_sorted(
            ai_impact.percent_coded('name') ~ " || '=' || cast(bin as " ~ dbt.type_string() ~ ")", "|"
        ) }}
            as cell
    from known
    group by experiment_id, metric_id, unit_id
),

final as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        windows.arm,
        cells.cell,
        {%- for name in sides %}
            {%- set value = ai_impact.safe_divide(
                ai_impact.unit_numerator('totals.' ~ name),
                ai_impact.unit_denominator('totals.' ~ name)
            ) %}
            cast(
                {{ ai_impact.transformed(value, 'windows.transform', 'null') }}
                as {{ ai_impact.physical_type('double') }}
            ) as {{ name }}value
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from windows
    left join totals
        on
            windows.experiment_id = totals.experiment_id
            and windows.metric_id = totals.metric_id
            and windows.unit_id = totals.unit_id
    left join cells
        on
            windows.experiment_id = cells.experiment_id
            and windows.metric_id = cells.metric_id
            and windows.unit_id = cells.unit_id
)

select * from final
