{{ config(materialized=ai_impact.plain_view()) }}

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

placed as (
    select
        unconverted.*,
        lag(occurred_at) over (partition by journey_id order by occurred_at, touch_key) as previous_at,
        lag(channel) over (partition by journey_id order by occurred_at, touch_key) as previous_channel,
        row_number() over (partition by journey_id order by occurred_at, touch_key) as position
    from unconverted
),

-- After a silence of a whole lookback a touch begins a new path.
gaps as (
    select
        placed.*,
        case
            when
                {{ ai_impact.hours_between('previous_at', 'occurred_at') }}
                < {{ var('attribution_lookback_days') }} * 24.0
                then 0
            else 1
        end as is_first
    from placed
),

-- A channel that is met twice in a row is one step: the way through the channels is the same.
final as (
    select
        journey_id,
        sum(is_first) over (
            partition by journey_id order by position rows between unbounded preceding and current row
        ) as path_number,
        touch_key,
        position,
        occurred_at,
        channel,
        is_first = 1 or channel <> previous_channel as is_step
    from gaps
)

select * from final
