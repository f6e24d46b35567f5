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

-- Where none was ever reported, none was looked for: that is not a rate of 0.
final as (
    select
        period_key,
        use_case_id,
        team_id,
        kpi_id,
        case when most_reported > 0 then value end as value,
        numerator,
        denominator,
        n,
        case when most_reported > 0 then ci_low end as ci_low,
        case when most_reported > 0 then ci_high end as ci_high,
        case when most_reported = 0 then 'No error was ever reported: task_events has no error_found.' end as reason
    from measured
)

select * from final
