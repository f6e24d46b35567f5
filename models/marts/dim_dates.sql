with tasks as (
    select * from {{ ref('int_tasks') }}
),

edges as (
    -- The last day is whole only once something was received after it.
    select
        cast(min(first_occurred_at) as date) as first_day,
        cast(max(last_occurred_at) as date) as last_day,
        {{ ai_impact.least([ai_impact.add_days('max(last_occurred_at)', 1), 'cast(max(last_received_at) as date)']) }}
            as complete_before
    from tasks
),

days as (
    {{ ai_impact.with_days('edges', 'first_day', ai_impact.add_days('last_day', 1)) }}
),

final as (
    select
        date_day,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
        {{ ai_impact.month_of('date_day') }} as month_start,
        cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start,
        cast(extract(year from date_day) as integer) as calendar_year,
        {{ ai_impact.iso_day_of_week('date_day') }} as day_of_week,
        {{ ai_impact.iso_day_of_week('date_day') }} >= 6 as is_weekend,
        date_day < complete_before as is_complete
    from days
)

select * from final
