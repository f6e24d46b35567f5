with conversions as (
    select * from {{ ref('ai_impact', 'int_conversions') }}
),

touches as (
    select * from {{ ref('ai_impact', 'int_journey_touches') }}
),

-- A touch may lead to several conversions; the credits of each conversion add up to one.
joined as (
    select
        conversions.conversion_key,
        touches.touch_key,
        touches.channel,
        touches.is_ai_generated,
        touches.occurred_at,
        {{ ai_impact.hours_between('touches.occurred_at', 'conversions.converted_at') }} / 24.0 as days_before
    from conversions
    inner join touches
        on
            conversions.journey_id = touches.journey_id
            and touches.occurred_at <= conversions.converted_at
            and {{ ai_impact.hours_between('touches.occurred_at', 'conversions.converted_at') }}
            < {{ var('attribution_lookback_days') }} * 24.0
),

placed as (
    select
        joined.*,
        row_number() over (partition by conversion_key order by occurred_at, touch_key) as position,
        count(*) over (partition by conversion_key) as path_length,
        lag(channel) over (partition by conversion_key order by occurred_at, touch_key) as previous_channel,
        -- Since the last touch: what counts is the ratio of two weights, and this one can't vanish for all touches.
        power(
            cast(0.5 as {{ ai_impact.physical_type('double') }}),
            (days_before - min(days_before) over (partition by conversion_key))
            / {{ var('attribution_half_life_days') }}
        ) as decay
    from joined
),

final as (
    select
        conversion_key,
        touch_key,
        channel,
        is_ai_generated,
        -- A channel that is met twice in a row is one step: the way through the channels is the same.
        position = 1 or channel <> previous_channel as is_step,
        position,
        path_length,
        days_before,
        cast(case when position = 1 then 1 else 0 end as {{ ai_impact.physical_type('double') }}) as credit_first,
        cast(case when position = path_length then 1 else 0 end as {{ ai_impact.physical_type('double') }})
            as credit_last,
        cast(1 as {{ ai_impact.physical_type('double') }}) / path_length as credit_linear,
        cast(
            case
                when path_length = 1 then 1.0
                when path_length = 2 then 0.5
                when position in (1, path_length) then 0.4
                else 0.2
            end as {{ ai_impact.physical_type('double') }}
        ) / case when path_length > 2 and position not in (1, path_length) then path_length - 2 else 1 end
            as credit_position,
        decay / sum(decay) over (partition by conversion_key) as credit_time_decay
    from placed
)

select * from final
