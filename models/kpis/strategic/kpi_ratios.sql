{%- set sums = ['numerator', 'denominator', 'numerator_squared', 'denominator_squared', 'numerator_by_denominator'] -%}
with days as (
    select * from {{ ref('ai_impact', 'int_strategic_daily') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

sums as (
    select
        periods.period_key,
        days.use_case_id,
        days.kpi_id,
        days.kind,
        days.scale,
        {% for column in sums -%}
            {{ ai_impact.exact_sum('days.' ~ column) }} as {{ column }},
        {% endfor -%}
        cast(sum(days.n) as bigint) as n,
        cast(sum(days.n_total) as bigint) as n_total,
        max(days.problem) as problem
    from days
    inner join periods
        on
            days.observed_on = periods.date_day
            and periods.baseline_of in ({{ ai_impact.rollup_label() }}, days.baseline_of)
    group by periods.period_key, days.use_case_id, days.kpi_id, days.kind, days.scale
),

{{ ai_impact.valued_ratios('sums') }},

final as (
    select
        period_key,
        use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        kpi_id,
        cast(value as {{ ai_impact.physical_type('double') }}) as value,
        numerator,
        cast(reference as {{ ai_impact.physical_type('double') }}) as denominator,
        n,
        {{ ai_impact.interval('low', 'high') }},
        cast({{ ai_impact.safe_divide('n', 'n_total') }} as {{ ai_impact.physical_type('double') }}) as coverage,
        {{ ai_impact.left_out_reason('n', 'n_total', 'problem') }} as reason
    from valued
)

select * from final
