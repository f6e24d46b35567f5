with touches as (
    select * from {{ ref('int_journey_touches') }}
),

conversion_touches as (
    select distinct touch_key from {{ ref('int_conversion_touches') }}
),

unconverted as (
    select touches.*
    from touches
    left join conversion_touches on touches.touch_key = conversion_touches.touch_key
    where conversion_touches.touch_key is null
),

-- After a silence of a whole lookback a touch begins a new path.
gaps as (
    select
        unconverted.*,
        case
            when
                {{ ai_impact.hours_between(
                    'lag(occurred_at) over (partition by journey_id order by occurred_at, touch_key)', 'occurred_at'
                ) }} < {{ var('attribution_lookback_days') }} * 24.0
                then 0
            else 1
        end as is_first
    from unconverted
),

numbered as (
    select
        gaps.*,
        sum(is_first) over (
            partition by journey_id order by occurred_at, touch_key rows between unbounded preceding and current row
        ) as path_number
    from gaps
),

final as (
    select
        {{ ai_impact.hash_key(['journey_id', 'path_number']) }} as path_key,
        touch_key,
        channel,
        {{ ai_impact.month_of(
            'max(occurred_at) over (partition by journey_id, path_number)'
        ) }} as period_start,
        row_number() over (partition by journey_id, path_number order by occurred_at, touch_key) as position
    from numbered
)

select * from final
