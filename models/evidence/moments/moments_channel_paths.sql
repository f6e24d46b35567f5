with conversions as (
    select * from {{ ref('int_conversions') }}
),

conversion_touches as (
    select * from {{ ref('int_conversion_touches') }}
),

unconverted_touches as (
    select * from {{ ref('int_unconverted_touches') }}
),

steps as (
    select
        conversion_key as path_key,
        channel,
        position,
        lag(channel) over (partition by conversion_key order by position) as previous_channel
    from conversion_touches
),

-- A channel that is met twice in a row is one step: the way through the channels is the same.
paths as (
    select
        path_key,
        {{ ai_impact.joined_in_order('channel', ' > ', 'position') }} as path
    from steps
    where previous_channel is null or previous_channel <> channel
    group by path_key
),

unconverted_paths as (
    select
        {{ ai_impact.month_of('max(occurred_at)') }} as period_start,
        {{ ai_impact.joined_in_order('case when is_step then channel end', ' > ', 'position') }} as path
    from unconverted_touches
    group by journey_id, path_number
),

journeys as (
    select
        conversions.period_start,
        coalesce(paths.path, '') as path,
        1 as is_converted,
        conversions.revenue
    from conversions
    left join paths on conversions.conversion_key = paths.path_key
    union all
    select
        period_start,
        path,
        0 as is_converted,
        null as revenue
    from unconverted_paths
),

final as (
    select
        period_start,
        path,
        sum(is_converted) as n_converted,
        sum(1 - is_converted) as n_unconverted,
        count(revenue) as n_revenue,
        avg(revenue) as mean_revenue,
        var_samp(revenue) as var_revenue
    from journeys
    group by period_start, path
)

select * from final
