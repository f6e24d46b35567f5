{#- All that the figures of a period are computed from, as one number per period: of what is added up, and of durations
    and people. Models that are kept by it compute again only those periods that any of it has changed in. -#}
with days as (
    select * from {{ ref('ai_impact', 'int_kpi_daily') }}
),

task_days as (
    select * from {{ ref('ai_impact', 'int_tasks_daily') }}
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

hashed as (
    select
        date_day,
        use_case_id,
        {{ ai_impact.input_hash(
            ['date_day', 'use_case_id', 'team_id', "'" ~ var('confidence_level') ~ "'"]
            + ai_impact.kpi_counts() + ai_impact.kpi_amounts()
        ) }} as day_hash
    from days
    group by date_day, use_case_id
    union all
    select
        completed_on,
        use_case_id,
        {{ ai_impact.input_hash(['completed_on', 'use_case_id', 'team_id', 'task_hash']) }}
    from task_days
    group by completed_on, use_case_id
),

final as (
    select
        period_days.period_key,
        sum(hashed.day_hash) as input_hash
    from hashed
    inner join period_days
        on
            hashed.date_day = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.rollup_label() }}, hashed.use_case_id)
    group by period_days.period_key
)

select * from final
