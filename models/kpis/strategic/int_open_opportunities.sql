{#- How many deals were open, as the mean over the days of each period. -#}
with deals as (
    select * from {{ ref('ai_impact', 'fct_opportunities') }}
    where created_at is not null and (not is_closed or closed_at is not null)
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

moves as (
    select
        cast(created_at as date) as moved_on,
        1 as move
    from deals
    union all
    select
        cast(closed_at as date),
        -1
    from deals
    where is_closed
    union all
    select
        date_day,
        0
    from periods
),

open_deals as (
    select
        moved_on as date_day,
        sum(sum(move)) over (order by moved_on rows between unbounded preceding and current row) as open_deals
    from moves
    group by moved_on
),

final as (
    select
        periods.period_key,
        cast(sum(open_deals.open_deals) as {{ ai_impact.physical_type('double') }}) / count(*) as open_deals
    from periods
    inner join open_deals on periods.date_day = open_deals.date_day
    group by periods.period_key
)

select * from final
