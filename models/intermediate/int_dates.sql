{#- The calendar: one row per day from the first to the last of the data, of all sources. -#}
with observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
),

days as (
    {{ ai_impact.with_days('observed', 'first_day', ai_impact.add_days('last_day', 1)) }}
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
        date_day < cast(observed_until as date) as is_complete
    from days
)

select * from final
