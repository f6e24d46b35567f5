{#- What each closed deal says for the KPIs of sales: once for winning, once for its size if it was won. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with deals as (
    select * from {{ ref('ai_impact', 'int_opportunities') }}
    where is_closed and closed_at is not null
),

final as (
    select
        'win_rate' as kpi_id,
        'share' as kind,
        100 as scale,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        cast(closed_at as date) as observed_on,
        person_id,
        cast(
            case when is_won then 1 when not is_won then 0 end as {{ ai_impact.physical_type('double') }}
        ) as numerator,
        cast(1 as {{ ai_impact.physical_type('double') }}) as denominator,
        case when is_won is null then 'It is closed, but neither won nor lost.' end as problem
    from deals
    union all
    select
        'average_deal_size',
        'mean',
        1,
        cast(null as {{ dbt.type_string() }}),
        cast(closed_at as date),
        person_id,
        amount_reported,
        cast(1 as {{ ai_impact.physical_type('double') }}),
        coalesce(problem, case when amount is null then 'It has no amount.' end)
    from deals
    where is_won
)

select * from final
