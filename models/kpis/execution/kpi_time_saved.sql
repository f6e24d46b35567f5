with cells as (
    select * from {{ ref('ai_impact', 'int_kpi_cells') }}
),

fte_weeks as (
    select * from {{ ref('ai_impact', 'int_kpi_fte_weeks') }}
),

reasoned as (
    select
        cells.*,
        fte_weeks.fte_weeks,
        case
            when cells.saved_tasks = 0 then 'No task done with AI has a measured baseline and known human minutes.'
            when cells.saved_tasks_without_rate > 0
                then 'A use case has no recapture_rate: add its row to the seed roi_assumptions.'
            when coalesce(fte_weeks.teams_without_headcount, 1) > 0
                then 'A team that worked has no headcount_fte in a month of the period: add it to the seed labor_rates.'
        end as reason
    from cells
    left join fte_weeks
        on
            cells.period_key = fte_weeks.period_key
            and cells.use_case_id = fte_weeks.use_case_id
            and cells.team_id = fte_weeks.team_id
),

known as (
    select
        *,
        case when reason is null then recaptured_hours end as hours,
        case when reason is null then fte_weeks end as weeks,
        -- How many tasks there are and what each saves is chance: such a sum has the sum of squares as its variance.
        case
            when reason is null and saved_tasks > 1 then {{ ai_impact.interval_z() }}e0 * sqrt(recaptured_hours_squared)
        end as margin
    from reasoned
),

final as (
    select
        {{ ai_impact.measure_keys('time_saved_per_fte') }},
        {{ ai_impact.ratio_columns('hours', 'weeks', 'saved_tasks') }},
        {{ ai_impact.interval('(hours - margin) / nullif(weeks, 0)', '(hours + margin) / nullif(weeks, 0)') }},
        reason
    from known
)

select * from final
