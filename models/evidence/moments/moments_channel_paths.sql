{#- The paths through the channels by step, with the number of journeys on each, identified by numbers. -#}
with conversions as (
    select * from {{ ref('ai_impact', 'int_conversions') }}
),

conversion_touches as (
    select * from {{ ref('ai_impact', 'int_conversion_touches') }}
),

unconverted_touches as (
    select * from {{ ref('ai_impact', 'int_unconverted_touches') }}
),

-- Walks that led to nothing are numbered from 1 within their journey. What is no step has no channel here.
steps as (
    select
        conversion_key as walk_key,
        0 as walk_number,
        position,
        case when is_step then channel end as channel,
        cast(null as {{ ai_impact.physical_type('timestamp') }}) as occurred_at
    from conversion_touches
    union all
    select
        journey_id,
        path_number,
        position,
        case when is_step then channel end,
        occurred_at
    from unconverted_touches
),

names as (
    select distinct channel from steps
    where channel is not null
),

channels as (
    select
        channel,
        cast(row_number() over (order by channel) as {{ dbt.type_string() }}) as channel_number
    from names
),

walks as (
    select
        steps.walk_key,
        steps.walk_number,
        {{ ai_impact.joined_in_order('channels.channel_number', ',', 'steps.position') }} as path,
        {{ ai_impact.month_of('max(steps.occurred_at)') }} as last_month
    from steps
    left join channels on steps.channel = channels.channel
    group by steps.walk_key, steps.walk_number
),

journeys as (
    select
        conversions.period_start,
        coalesce(walks.path, '') as path,
        1 as is_converted,
        conversions.revenue
    from conversions
    left join walks on conversions.conversion_key = walks.walk_key and walks.walk_number = 0
    union all
    select
        last_month,
        path,
        0 as is_converted,
        null as revenue
    from walks
    where walk_number > 0
),

counted as (
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
),

-- One journey per path is enough to list its steps.
ranked as (
    select
        *,
        row_number() over (partition by path order by walk_key, walk_number) as place
    from walks
),

ways as (
    select
        ranked.path,
        steps.channel,
        row_number() over (partition by ranked.path order by steps.position) as position
    from ranked
    inner join steps on ranked.walk_key = steps.walk_key and ranked.walk_number = steps.walk_number
    where ranked.place = 1 and steps.channel is not null
),

final as (
    select
        counted.period_start,
        {{ ai_impact.hash_key(['counted.path']) }} as path_key,
        coalesce(ways.position, 0) as position,
        ways.channel,
        counted.n_converted,
        counted.n_unconverted,
        counted.n_revenue,
        counted.mean_revenue,
        counted.var_revenue
    from counted
    left join ways on counted.path = ways.path
)

select * from final
