{#- What the accounts that AI reached would have taken with them at the pace of those held out, less what they took.
    Both are of the same days, so that the season is in both. -#}
with accounts as (
    select * from {{ ref('int_retained_accounts') }}
),

period_days as (
    select * from {{ ref('int_long_periods') }}
    where period_grain <> 'baseline'
),

cohorts as (
    select
        assigned_on,
        ends_on,
        sum(1 - is_reached) as held_out,
        sum(is_reached) as reached
    from accounts
    group by assigned_on, ends_on
),

watched as (
    select
        period_days.period_key,
        sum(cohorts.reached) * 1e0 / nullif(sum(cohorts.held_out), 0) as reached_per_held_out
    from cohorts
    inner join period_days on cohorts.assigned_on <= period_days.date_day and cohorts.ends_on > period_days.date_day
    group by period_days.period_key
),

departures as (
    select
        left_on,
        amount,
        problem,
        case when is_reached = 1 then amount end as by_reached,
        case when is_reached = 0 then amount end as by_held_out
    from accounts
    where left_on is not null
),

ever as (
    select count(*) as n_departures from departures
),

gone as (
    select
        period_days.period_key,
        count(*) as n_total,
        count(departures.amount) as n,
        max(departures.problem) as problem,
        count(case when departures.by_reached > 0 then 1 end) as reached_n,
        count(case when departures.by_held_out > 0 then 1 end) as held_out_n,
        coalesce({{ ai_impact.exact_sum('departures.by_reached') }}, 0) as reached_amount,
        coalesce({{ ai_impact.exact_sum('departures.by_held_out') }}, 0) as held_out_amount,
        {{ ai_impact.exact_sum('departures.by_reached * departures.by_reached') }} as reached_squares,
        {{ ai_impact.exact_sum('departures.by_held_out * departures.by_held_out') }} as held_out_squares
    from departures
    inner join period_days on departures.left_on = period_days.date_day
    group by period_days.period_key
),

compared as (
    select
        watched.period_key,
        coalesce(gone.n_total, 0) as n_total,
        coalesce(gone.n, 0) as n,
        gone.problem,
        watched.reached_per_held_out,
        case when coalesce(gone.n_total, 0) = coalesce(gone.n, 0) then coalesce(gone.reached_amount, 0) end as taken,
        watched.reached_per_held_out * coalesce(gone.held_out_amount, 0) as expected,
        -- Who leaves and what they had bought vary on both sides; one account with deals can't show how much.
        case
            when gone.reached_n > 1 and gone.held_out_n > 1
                then {{ ai_impact.interval_z() }}e0 * sqrt(
                    gone.reached_squares
                    + watched.reached_per_held_out * watched.reached_per_held_out * gone.held_out_squares
                )
        end as margin
    from watched
    left join gone on watched.period_key = gone.period_key
    cross join ever
    -- Where nobody ever left, nobody looked.
    where ever.n_departures > 0
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        'retained_revenue' as kpi_id,
        cast(expected - taken as {{ ai_impact.physical_type('double') }}) as value,
        cast(expected as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(taken as {{ ai_impact.physical_type('double') }}) as denominator,
        cast(n as bigint) as n,
        {{ ai_impact.interval('expected - taken - margin', 'expected - taken + margin') }},
        case
            when reached_per_held_out is null then 'No account was held out.'
            else {{ ai_impact.left_out_reason('n', 'n_total', 'problem') }}
        end as reason
    from compared
)

select * from final
