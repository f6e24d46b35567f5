{#- Sorting all values of all overlapping windows wants more memory than the rest of the project together: values are
    counted by bins, and only those of the bins that hold a percentile and its interval are sorted. -#}
{{ config(**ai_impact.kept_periods()) }}

{%- set percentiles = {50: 0.5, 90: 0.9} -%}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and cycle_hours is not null
),

inputs as (
    {{ ai_impact.missing_periods() }}
),

period_days as (
    select days.*
    from {{ ref('ai_impact', 'int_kpi_period_days') }} as days
    inner join inputs on days.period_key = inputs.period_key
),

timed as (
    select
        cast(completed_at as date) as completed_on,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        {{ ai_impact.mapped('team_id') }} as team_id,
        cycle_hours,
        {{ ai_impact.value_bin('cycle_hours') }} as bin
    from tasks
),

in_periods as {{ ai_impact.inlined() }} (
    select
        period_days.period_key,
        timed.use_case_id,
        timed.team_id,
        timed.cycle_hours,
        timed.bin
    from timed
    inner join period_days
        on
            timed.completed_on = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.rollup_label() }}, timed.use_case_id)
),

{{ ai_impact.bracketed_cells('in_periods', percentiles) }},

{{ ai_impact.values_near('in_periods', 'cycle_hours', percentiles) }},

final as (
    {% for name, p in percentiles.items() %}
        {%- set picked = ['near.values_' ~ name, 'cells.n_before_' ~ name, 'cells.n', p] %}
        select
            cells.period_key,
            cells.use_case_id,
            cells.team_id,
            'cycle_time_p{{ name }}' as kpi_id,
            cast({{ ai_impact.percentile_of(*picked) }} as {{ ai_impact.physical_type('double') }}) as value,
            cast(null as {{ ai_impact.physical_type('double') }}) as numerator,
            cast(null as {{ ai_impact.physical_type('double') }}) as denominator,
            cells.n,
        {{ ai_impact.interval(
            ai_impact.order_statistic(*picked, side=-1), ai_impact.order_statistic(*picked, side=1)
        ) }},
            cast(null as {{ dbt.type_string() }}) as reason,
            inputs.input_hash
        from cells
        inner join near on cells.cell = near.cell
        inner join inputs on cells.period_key = inputs.period_key
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
