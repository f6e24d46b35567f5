with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

measured as (
    select
        {{ ai_impact.measure_keys('error_rate') }},
        {{ ai_impact.ratio_columns('errors', 'completed', 'completed', 1000) }},
        {{ ai_impact.interval(
            '1000.0 * ' ~ ai_impact.byar('errors', -1) ~ ' / nullif(completed, 0)',
            '1000.0 * ' ~ ai_impact.byar('errors', 1) ~ ' / nullif(completed, 0)'
        ) }},
        max(errors) over () as most_reported
    from cells
),

final as (
    select {{ ai_impact.if_ever_reported('error', 'error_found') }}
    from measured
)

select * from final
