{# What BI tools add up from report_kpi_sums is what kpi_values says of each month and use case. #}
{%- set kpis = ai_impact.summable_kpis() -%}
with sums as (
    select
        kpi_id,
        cast({{ dbt.date_trunc('month', 'period_start') }} as date) as period_start,
        use_case_id,
        sum(numerator) / nullif(sum(denominator), 0) as value
    from {{ ref('ai_impact', 'report_kpi_sums') }}
    group by 1, 2, 3
),

months as (
    select * from {{ ref('ai_impact', 'report_kpis') }}
    where
        period_grain = 'month'
        and team_id = 'all'
        and value is not null
        and (
            (use_case_id <> 'all' and kpi_id in ({{ ai_impact.quoted(kpis['day'] + kpis['month']) }}))
            or (use_case_id = 'all' and kpi_id in ({{ ai_impact.quoted(kpis['company']) }}))
        )
)

select
    months.kpi_id,
    months.period_start,
    months.use_case_id,
    months.value as published,
    sums.value as summed
from months
left join sums
    on
        months.kpi_id = sums.kpi_id
        and months.period_start = sums.period_start
        and months.use_case_id = sums.use_case_id
where coalesce(abs(sums.value - months.value) > 1e-9 * (1 + abs(months.value)), true)
