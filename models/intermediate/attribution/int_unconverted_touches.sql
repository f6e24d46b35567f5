{{ config(materialized=ai_impact.view_or_table()) }}
{%- set in_order = 'partition by touches.journey_id order by touches.occurred_at, touches.touch_key' -%}
{%- set silence = ai_impact.hours_between('previous_at', 'occurred_at') -%}
with touches as (
    select * from {{ ref('ai_impact', 'int_journey_touches') }}
),

conversion_touches as (
    select distinct touch_key from {{ ref('ai_impact', 'int_conversion_touches') }}
),

placed as (
    select
        touches.*,
        lag(touches.occurred_at) over ({{ in_order }}) as previous_at,
        lag(touches.channel) over ({{ in_order }}) as previous_channel,
        row_number() over ({{ in_order }}) as position
    from touches
    left join conversion_touches on touches.touch_key = conversion_touches.touch_key
    where conversion_touches.touch_key is null
),

-- After a silence of a whole lookback a touch begins a new path.
gaps as (
    select
        placed.*,
        case
            when {{ silence }} < {{ var('attribution_lookback_days') }} * 24.0 then 0
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
