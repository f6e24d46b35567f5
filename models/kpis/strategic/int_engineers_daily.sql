{#- How many engineers there were on each day in the teams that ever had an incident, by the month of
    `labor_rates`. -#}
with incidents as (
    select * from {{ ref('ai_impact', 'fct_incidents') }}
),

rates as (
    select * from {{ ref('ai_impact', 'labor_rates') }}
),

days as (
    select * from {{ ref('ai_impact', 'int_dates') }}
),

teams as (
    select distinct team_id from incidents
),

final as (
    select
        days.date_day,
        {{ ai_impact.exact_sum('rates.headcount_fte') }} as headcount_fte
    from days
    inner join rates on days.month_start = cast(rates.month as date)
    inner join teams on rates.team_id = teams.team_id
    group by days.date_day
)

select * from final
