{#- In which periods each use case was live, and from which day of them. Charges of no use case that is live on the map
    have every period, so that the company pays them too. -#}
with use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where ai_live_from is not null
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

lived as (
    select
        use_cases.use_case_id,
        periods.period_key,
        {{ ai_impact.greatest(['periods.period_start', 'use_cases.ai_live_from']) }} as cost_from
    from periods
    inner join use_cases on periods.period_end > use_cases.ai_live_from
    union all
    select
        {{ ai_impact.unmapped() }} as use_case_id,
        period_key,
        period_start as cost_from
    from periods
),

final as (
    select
        {{ ai_impact.hash_key(['lived.use_case_id', 'lived.period_key']) }} as roi_cost_key,
        lived.use_case_id,
        periods.period_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        cast(periods.days_in_period as {{ dbt.type_int() }}) as days_in_period,
        cast(lived.cost_from as date) as cost_from,
        cast({{ ai_impact.days_from('lived.cost_from', 'periods.period_end') }} as {{ dbt.type_int() }}) as days
    from lived
    inner join periods on lived.period_key = periods.period_key
)

select * from final
