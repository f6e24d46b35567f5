{#- The execution KPIs that are a ratio of two sums. A new one is one more entry of the list task_ratios. -#}
{%- set double = ai_impact.physical_type('double') -%}
with cells as (
    select * from {{ ref('ai_impact', 'int_kpi_cells') }}
),

sums as (
    {% for kpi_id, ratio in ai_impact.task_ratios().items() %}
        select
            {{ ai_impact.measure_keys(kpi_id) }},
            '{{ ratio.kind }}' as kind,
            {{ ratio.scale or 1 }} as scale,
            cast({{ ratio.numerator }} as {{ double }}) as numerator,
            cast({{ ratio.denominator }} as {{ double }}) as denominator,
            cast({{ ratio.n or ratio.denominator }} as bigint) as n,
            {% for column in ['numerator_squared', 'denominator_squared', 'numerator_by_denominator'] -%}
                cast({{ ratio.squares[loop.index0] if ratio.squares else 'null' }} as {{ double }}) as {{ column }},
            {% endfor -%}
            cast({{ ai_impact.no_ratio_reason(ratio) }} as {{ dbt.type_string() }}) as reason
        from cells
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

{{ ai_impact.valued_ratios('sums') }},

final as (
    select
        period_key,
        use_case_id,
        team_id,
        kpi_id,
        cast(case when reason is null then value end as {{ double }}) as value,
        numerator,
        denominator,
        n,
        {{ ai_impact.interval('case when reason is null then low end', 'high') }},
        reason
    from valued
)

select * from final
