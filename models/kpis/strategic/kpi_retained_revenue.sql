{#- What the accounts that AI reached would have taken with them at the pace of those held out, less what they took.
    Both are of the same days, so that the season is in both. -#}
with accounts as (
    select * from {{ ref('ai_impact', 'int_retained_accounts') }}
),

period_days as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
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
        sum(cohorts.reached) * 1e0 / nullif(count(distinct period_days.date_day), 0) as reached_n,
        sum(cohorts.held_out) * 1e0 / nullif(count(distinct period_days.date_day), 0) as held_out_n
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
        coalesce({{ ai_impact.exact_sum('departures.by_reached') }}, 0) as reached_total,
        coalesce({{ ai_impact.exact_sum('departures.by_held_out') }}, 0) as held_out_total,
        {{ ai_impact.exact_sum('departures.by_reached * departures.by_reached') }} as reached_squares,
        {{ ai_impact.exact_sum('departures.by_held_out * departures.by_held_out') }} as held_out_squares
    from departures
    inner join period_days on departures.left_on = period_days.date_day
    group by period_days.period_key
),

-- Of all accounts that were watched: who stayed took 0.
compared as (
    select
        watched.period_key,
        watched.reached_n,
        watched.held_out_n,
        coalesce(gone.n_total, 0) as n_total,
        coalesce(gone.n, 0) as n,
        gone.problem,
        case when coalesce(gone.n_total, 0) = coalesce(gone.n, 0) then coalesce(gone.reached_total, 0) end
            as reached_total,
        coalesce(gone.held_out_total, 0) as held_out_total,
        coalesce(gone.reached_squares, 0) as reached_squares,
        coalesce(gone.held_out_squares, 0) as held_out_squares
    from watched
    left join gone on watched.period_key = gone.period_key
    cross join ever
    -- Where nobody ever left, nobody looked.
    where ever.n_departures > 0
),

spreads as (
    select
        *,
        reached_n * held_out_total / nullif(held_out_n, 0) as expected,
        {{ ai_impact.difference_of_means('held_out', 'reached') }}
    from compared
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        'retained_revenue' as kpi_id,
        cast(expected - reached_total as {{ ai_impact.physical_type('double') }}) as value,
        cast(expected as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(reached_total as {{ ai_impact.physical_type('double') }}) as denominator,
        cast(n as bigint) as n,
        {{ ai_impact.interval(
            'reached_n * ' ~ ai_impact.skewed_bound(-1),
            'reached_n * ' ~ ai_impact.skewed_bound(1)
        ) }},
        case
            when held_out_n = 0 then 'No account was held out.'
            else {{ ai_impact.said_together([
                ai_impact.left_out_reason('n', 'n_total', 'problem'),
                ai_impact.too_few_events()
            ]) }}
        end as reason
    from spreads
)

select * from final
