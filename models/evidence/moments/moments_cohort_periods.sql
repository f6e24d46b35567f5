{%- set slots = ai_impact.panel_slots() -%}
{%- set cohort = 'coalesce(max(first_treated_period), ' ~ ai_impact.never_treated() ~ ')' -%}
{%- set entered = 'coalesce(max(entered_period), ' ~ ai_impact.never_treated() ~ ')' -%}
{%- set keys = ['experiment_id', 'metric_id', 'cohort', 'entered'] -%}
{%- set spans = ['first_period', 'first_row_period', 'last_row_period'] -%}
with unit_periods as {{ ai_impact.inlined() }} (
    select * from {{ ref('ai_impact', 'int_unit_period_panel') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
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
        {{ entered }} as entered,
        {%- for name in spans %}
            max({{ name }}) as {{ name }},
        {%- endfor %}
        {{ ai_impact.slot_values('value', 'slot') }}
    from placed
    group by experiment_id, metric_id, unit_id, block
),

-- Units that are not there, that have no period before their treatment, or that have a gap since they came.
left_out as (
    select
        experiment_id,
        metric_id,
        unit_id,
        {{ cohort }} as cohort,
        {{ entered }} as entered,
        {%- for name in spans %}
            max({{ name }}) as {{ name }},
        {%- endfor %}
        max(case when entered_period is null then 1 else 0 end) as is_absent,
        max(case when first_treated_period <= entered_period then 1 else 0 end) as is_without_before
    from unit_periods
    where
        entered_period is null
        or first_treated_period <= entered_period
        or (value is null and period >= entered_period)
    group by experiment_id, metric_id, unit_id
),

kept as (
    select blocks.*
    from blocks
    left join left_out
        on
            blocks.experiment_id = left_out.experiment_id
            and blocks.metric_id = left_out.metric_id
            and blocks.unit_id = left_out.unit_id
    where left_out.unit_id is null
),

-- A unit has a row in every period, and so one in the first block.
counted as (
    select
        {{ (keys + spans) | join(', ') }},
        1 as is_kept,
        0 as is_absent,
        0 as is_without_before
    from kept
    where block = 0
    union all
    select
        {{ (keys + spans) | join(', ') }},
        0 as is_kept,
        is_absent,
        is_without_before
    from left_out
),

cohorts as (
    select
        {{ keys | join(', ') }},
        {%- for name in spans %}
            min({{ name }}) as {{ name }},
        {%- endfor %}
        sum(is_kept) as n,
        sum(is_absent) as n_absent,
        sum(is_without_before) as n_without_before,
        sum(1 - is_kept - is_absent - is_without_before) as n_left_out
    from counted
    group by {{ keys | join(', ') }}
),

{{ ai_impact.pairs_of_slots('kept', keys, 'unit_id') }},

{{ ai_impact.cohort_rows() }},

final as (
    select * from cohort_rows
)

select * from final
