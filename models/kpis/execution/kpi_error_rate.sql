with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

final as (
    select
        {{ ai_impact.measure_keys('error_rate') }},
        {{ ai_impact.ratio_columns('errors', 'completed', 'completed', 1000) }},
        {{ ai_impact.interval(
            '1000.0 * ' ~ ai_impact.byar('errors', -1) ~ ' / nullif(completed, 0)',
            '1000.0 * ' ~ ai_impact.byar('errors', 1) ~ ' / nullif(completed, 0)'
        ) }},
        cast(null as {{ dbt.type_string() }}) as reason
    from cells
)

select * from final
