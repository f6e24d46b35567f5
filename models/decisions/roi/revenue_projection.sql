{#- The incremental revenue of each use case in the next twelve months, from as many new units as AI reached in the
    newest 90 days, if it wears off by the assumed share each month. Two bands: of the estimate with the assumptions at
    their base, and of the assumptions with the estimate as it is. -#}
{%- set double = ai_impact.physical_type('double') -%}
{%- set amounts = ['expected', 'ci_low', 'ci_high', 'low', 'high'] -%}
with paces as (
    select * from {{ ref('ai_impact', 'roi_run_rates') }}
),

newest as (
    select max(period_end) as period_end from paces
),

months as (
    {% for month in range(1, 13) -%}
        select
            {{ month }} as month_number,
            cast({{ ai_impact.add_time('month', month - 1, 'period_end') }} as date) as month_start
        from newest
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

{% set left = 'power(1 - paces.monthly_decay_{}, months.month_number)' -%}
projected as (
    select
        paces.*,
        months.month_number,
        months.month_start,
        {{ left.format('base') }} as share_left,
        -- Of a loss, what is worth more and wears off later is the worse end.
        case
            when paces.units < 0 then paces.value_per_unit_high * {{ left.format('low') }}
            else paces.value_per_unit_low * {{ left.format('high') }}
        end as worth_low,
        case
            when paces.units < 0 then paces.value_per_unit_low * {{ left.format('high') }}
            else paces.value_per_unit_high * {{ left.format('low') }}
        end as worth_high
    from paces
    cross join months
),

valued as (
    select
        *,
        units * share_left as month_units,
        units * value_per_unit_base * share_left as expected,
        units_low * value_per_unit_base * share_left as ci_low,
        units_high * value_per_unit_base * share_left as ci_high,
        units * worth_low as low,
        units * worth_high as high
    from projected
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'month_number']) }} as projection_key,
        use_case_id,
        experiment_id,
        metric_id,
        basis,
        cast(month_number as {{ dbt.type_int() }}) as month_number,
        month_start,
        cast(month_units as {{ double }}) as units,
        {% for column in amounts -%}
            cast({{ column }} as {{ double }}) as {{ column }},
        {% endfor -%}
        {% for column in amounts -%}
            cast(
                sum({{ column }}) over (
                    partition by use_case_id order by month_number rows between unbounded preceding and current row
                ) as {{ double }}
            ) as cumulative_{{ column }},
        {% endfor -%}
        monthly_decay_low,
        monthly_decay_base,
        monthly_decay_high,
        alpha,
        evidence_grade,
        is_counted,
        is_admitted_by_var,
        stale_since,
        reason
    from valued
)

select * from final
