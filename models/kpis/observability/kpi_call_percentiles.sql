{#- Percentiles of what varies from call to call, found as those of cycle time are. Where cells have a team there, here
    they have what is measured. -#}
{{ config(**ai_impact.kept_periods('int_call_cells')) }}
{%- set double = ai_impact.physical_type('double') -%}
{%- set percentiles = {10: 0.1, 50: 0.5, 95: 0.95, 99: 0.99} -%}
{%- set measures = {'latency': 'latency_ms', 'first_chunk': 'time_to_first_chunk_ms', 'confidence': 'confidence'} -%}
{%- set kpis = {'latency': [50, 95, 99], 'first_chunk': [50, 95], 'confidence': [10]} -%}
with calls as (
    select * from {{ ref('ai_impact', 'fct_ai_calls') }}
    where is_model_call and coalesce(status, 'ok') <> 'error'
),

inputs as (
    select inputs.* from ({{ ai_impact.missing_periods(ref('ai_impact', 'int_call_cells')) }}) as inputs
    where inputs.use_case_id = {{ ai_impact.rollup_label() }}
),

periods as (
    select
        periods.*,
        inputs.input_hash
    from {{ ref('ai_impact', 'int_kpi_periods') }} as periods
    inner join inputs on periods.period_key = inputs.period_key
),

period_days as (
    select days.*
    from {{ ref('ai_impact', 'int_kpi_period_days') }} as days
    inner join inputs on days.period_key = inputs.period_key
),

timed as (
    {% for measure, column in measures.items() %}
        select
            cast(occurred_at as date) as called_on,
            {{ ai_impact.hour_of('occurred_at') }} as called_hour,
            {{ ai_impact.mapped('use_case_id') }} as use_case_id,
            '{{ measure }}' as team_id,
            {{ column }} as measured,
            {{ ai_impact.value_bin(column) }} as bin
        from calls
        where {{ column }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

in_periods as {{ ai_impact.inlined() }} (
    {% for periods, on in [
        ('period_days', 'timed.called_on = period_days.date_day'),
        ('periods', "timed.called_hour = periods.starts_at and periods.period_grain = 'hour'")
    ] %}
        select
            {{ periods }}.period_key,
            timed.use_case_id,
            timed.team_id,
            timed.measured,
            timed.bin
        from timed
        inner join {{ periods }} on {{ on }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

{{ ai_impact.bracketed_cells('in_periods', percentiles, all_teams=false) }},

{{ ai_impact.values_near('in_periods', 'measured', percentiles) }},

final as (
    {% for measure, names in kpis.items() %}
        {%- set last_measure = loop.last -%}
        {% for name in names %}
            {%- set picked = ['near.values_' ~ name, 'cells.n_before_' ~ name, 'cells.n', percentiles[name]] %}
            select
                cells.period_key,
                cells.use_case_id,
                {{ ai_impact.rollup_label() }} as team_id,
                '{{ measure }}_p{{ name }}' as kpi_id,
                cast({{ ai_impact.percentile_of(*picked) }} as {{ double }}) as value,
                cast(null as {{ double }}) as numerator,
                cast(null as {{ double }}) as denominator,
                cells.n,
            {{ ai_impact.interval(
                ai_impact.order_statistic(*picked, side=-1), ai_impact.order_statistic(*picked, side=1)
            ) }},
                cast(null as {{ dbt.type_string() }}) as reason,
                periods.input_hash
            from cells
            inner join near on cells.cell = near.cell
            inner join periods on cells.period_key = periods.period_key
            where cells.team_id = '{{ measure }}'
            {{ 'union all' if not (loop.last and last_measure) }}
        {% endfor %}
    {% endfor %}
)

select * from final
