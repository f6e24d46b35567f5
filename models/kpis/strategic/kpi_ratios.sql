{#- The strategic and human KPIs that are a share, a mean or a ratio of sums, or the skill of a forecast. -#}
with days as (
    select * from {{ ref('int_strategic_daily') }}
),

periods as (
    select * from {{ ref('int_long_periods') }}
),

sums as (
    select
        periods.period_key,
        days.use_case_id,
        days.kpi_id,
        days.kind,
        days.scale,
        cast(sum(days.n) as bigint) as n,
        cast(sum(days.n_total) as bigint) as n_total,
        max(days.problem) as problem,
        {{ ai_impact.exact_sum('days.numerator') }} as numerator,
        {{ ai_impact.exact_sum('days.denominator') }} as denominator,
        {{ ai_impact.exact_sum('days.numerator_squared') }} as numerator_squared,
        {{ ai_impact.exact_sum('days.denominator_squared') }} as denominator_squared,
        {{ ai_impact.exact_sum('days.numerator_by_denominator') }} as numerator_by_denominator
    from days
    inner join periods
        on
            days.observed_on = periods.date_day
            and periods.baseline_of in ({{ ai_impact.rollup_label() }}, days.baseline_of)
    group by periods.period_key, days.use_case_id, days.kpi_id, days.kind, days.scale
),

-- A forecast is compared with one that always predicts the base rate: denominator / n.
referred as (
    select
        *,
        case
            when kind = 'skill' then denominator - denominator * denominator / nullif(n, 0) else denominator
        end as reference,
        case when kind = 'skill' then 1 - 2 * denominator / nullif(n, 0) end as slope
    from sums
),

ranged as (
    select
        *,
        {{ ai_impact.safe_divide('numerator', 'reference') }} as ratio,
        {{ ai_impact.interval_z() }}e0
        * {{ ai_impact.ratio_std_error(
            'n', 'numerator', 'denominator', 'numerator_squared', 'denominator_squared', 'numerator_by_denominator'
        ) }} as margin
    from referred
),

skilled as (
    select
        *,
        numerator_squared - 2 * ratio * slope * numerator_by_denominator
        + power(ratio * slope, 2) * denominator_squared
        - power(numerator - ratio * slope * denominator, 2) / nullif(n, 0) as squares
    from ranged
),

valued as (
    select
        *,
        case when kind = 'skill' then 1 - ratio else scale * ratio end as value,
        case
            when kind = 'share' then scale * {{ ai_impact.wilson('numerator', 'n', -1) }}
            when kind = 'mean' then scale * (ratio - margin)
            when n > 1 and squares > 0
                then 1 - ratio - {{ ai_impact.interval_z() }}e0 * sqrt(squares) / nullif(reference, 0)
        end as low,
        case
            when kind = 'share' then scale * {{ ai_impact.wilson('numerator', 'n', 1) }}
            when kind = 'mean' then scale * (ratio + margin)
            when n > 1 and squares > 0
                then 1 - ratio + {{ ai_impact.interval_z() }}e0 * sqrt(squares) / nullif(reference, 0)
        end as high
    from skilled
),

final as (
    select
        period_key,
        use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        kpi_id,
        cast(value as {{ ai_impact.physical_type('double') }}) as value,
        cast(numerator as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(reference as {{ ai_impact.physical_type('double') }}) as denominator,
        n,
        {{ ai_impact.interval('low', 'high') }},
        {{ ai_impact.left_out_reason('n', 'n_total', 'problem') }} as reason
    from valued
)

select * from final
