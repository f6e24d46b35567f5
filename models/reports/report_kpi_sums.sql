{#- The semantic layer reads these: sums of shown groups only, so that no ratio of them tells of a hidden group. -#}
{%- set kpis = ai_impact.summable_kpis() -%}
with kpis as (
    select * from {{ ref('ai_impact', 'report_kpis') }}
    where team_id = 'all' and is_shown and numerator is not null and denominator is not null
),

final as (
    select
        report_key,
        domain,
        kpi_id,
        kpi,
        unit,
        period_grain,
        period_start,
        use_case_id,
        use_case,
        -- In the unit of the KPI, so that the ratio is its value.
        value * denominator as numerator,
        denominator,
        as_of
    from kpis
    where
        (period_grain = 'day' and use_case_id <> 'all' and kpi_id in ({{ ai_impact.quoted(kpis['day']) }}))
        or (period_grain = 'month' and use_case_id <> 'all' and kpi_id in ({{ ai_impact.quoted(kpis['month']) }}))
        or (period_grain = 'month' and use_case_id = 'all' and kpi_id in ({{ ai_impact.quoted(kpis['company']) }}))
)

select * from final
