with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

measured as (
    select
        {{ ai_impact.measure_keys('rework_rate') }},
        {{ ai_impact.ratio_columns('reworked_tasks', 'completed', 'completed', 100) }},
        {{ ai_impact.interval(
            '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', -1), '100 * ' ~ ai_impact.wilson('reworked_tasks', 'completed', 1)
        ) }},
        max(reworked_tasks) over () as most_reported
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
        case
            when most_reported = 0 then 'No rework was ever reported: task_events has no rework_requested.'
        end as reason
    from measured
)

select * from final
