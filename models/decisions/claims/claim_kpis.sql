{#- The KPIs of use cases that claims may be made of: their newest 90 days, where there is a baseline and enough
    observations. -#}
with kpi_values as (
    select * from {{ ref('ai_impact', 'kpi_values') }}
    where
        period_grain = 'rolling_90d'
        and use_case_id is not null
        and team_id is null
        and change_percent is not null
),

newest as (
    select max(period_end) as period_end from kpi_values
),

final as (
    select
        kpi_values.kpi_value_key,
        kpi_values.kpi_id,
        kpi_values.period_grain,
        cast(kpi_values.period_start as date) as period_start,
        cast(kpi_values.period_end as date) as period_end,
        kpi_values.use_case_id,
        kpi_values.team_id,
        kpi_values.baseline_value,
        kpi_values.change_percent,
        kpi_values.ci_low,
        kpi_values.ci_high,
        kpi_values.guardrail_status
    from kpi_values
    inner join newest on kpi_values.period_end = newest.period_end
    where kpi_values.n >= {{ var('min_observations') }}
)

select * from final
