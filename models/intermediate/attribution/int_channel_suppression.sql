with conversions as (
    select * from {{ ref('int_conversions') }}
),

conversion_touches as (
    select * from {{ ref('int_conversion_touches') }}
),

-- Who converted after a touch of the channel; what nothing touched stands under (none).
people as (
    select
        conversions.period_start,
        coalesce(conversion_touches.channel, '(none)') as channel,
        count(distinct conversions.journey_id) as n_people
    from conversions
    left join conversion_touches on conversions.conversion_key = conversion_touches.conversion_key
    group by conversions.period_start, coalesce(conversion_touches.channel, '(none)')
),

-- A month's total less all other channels would reveal a hidden one, so the next smallest channel is hidden too.
ranked as (
    select
        *,
        min(n_people) over (partition by period_start) as least,
        row_number() over (
            partition by period_start, case when n_people < {{ var('k_anonymity') }} then 1 else 0 end
            order by n_people, channel
        ) as place
    from people
),

final as (
    select
        period_start,
        channel,
        cast(n_people as {{ dbt.type_bigint() }}) as n_people,
        n_people < {{ var('k_anonymity') }}
        or (least < {{ var('k_anonymity') }} and place = 1) as is_suppressed
    from ranked
)

select * from final
