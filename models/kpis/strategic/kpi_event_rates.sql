{#- Counts and sums of events per 30 days: of the company, per engineer, or per 100 accounts. A period without
    events is a rate of 0, once there was any event; one before the month in which their source begins has none. Events
    of teams whose engineers are not known are left out, like their engineers. -#}
with events as (
    select * from {{ ref('ai_impact', 'int_counted_events') }}
),

accounts as (
    select count(*) as accounts from {{ ref('ai_impact', 'int_account_segments') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

engineers as (
    select * from {{ ref('ai_impact', 'int_engineers_daily') }}
),

days as (
    select
        kpi_id,
        exposure,
        observed_on,
        count(*) as n_total,
        count(amount) as n,
        {{ ai_impact.exact_sum('amount') }} as amount,
        {{ ai_impact.exact_sum('amount * amount') }} as squares,
        max(case when amount is null then problem end) as problem
    from events
    group by kpi_id, exposure, observed_on
),

kpis as (
    select
        events.kpi_id,
        events.exposure,
        catalog.baseline_use_case_id,
        min(events.watched_from) as watched_from
    from events
    inner join catalog on events.kpi_id = catalog.kpi_id
    group by events.kpi_id, events.exposure, catalog.baseline_use_case_id
),

summed as (
    select
        periods.period_key,
        kpis.kpi_id,
        kpis.exposure,
        count(*) as days_in_period,
        sum(coalesce(days.n_total, 0)) as n_total,
        sum(coalesce(days.n, 0)) as n,
        coalesce({{ ai_impact.exact_sum('days.amount') }}, 0) as amount,
        coalesce({{ ai_impact.exact_sum('days.squares') }}, 0) as squares,
        max(days.problem) as problem,
        {{ ai_impact.exact_sum('engineers.headcount_fte') }} as fte_days
    from kpis
    inner join periods
        on
            periods.baseline_of in ({{ ai_impact.rollup_label() }}, kpis.baseline_use_case_id)
            and periods.date_day >= coalesce(kpis.watched_from, periods.date_day)
    left join days on periods.date_day = days.observed_on and kpis.kpi_id = days.kpi_id
    left join engineers on periods.date_day = engineers.date_day and kpis.exposure = 'engineers'
    group by periods.period_key, kpis.kpi_id, kpis.exposure
),

exposed as (
    select
        summed.*,
        case
            when summed.n_total > summed.n and (summed.exposure <> 'engineers' or summed.n = 0) then null
            else summed.amount
        end as total,
        case summed.exposure
            when 'engineers' then summed.fte_days / 30
            when 'accounts' then accounts.accounts * summed.days_in_period / 3000e0
            else summed.days_in_period / 30e0
        end as units
    from summed
    cross join accounts
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        kpi_id,
        {{ ai_impact.ratio_columns('total', 'units', 'n') }},
        {{ ai_impact.interval(
            ai_impact.total_bound('n', 'total', 'squares', -1) ~ ' / nullif(units, 0)',
            ai_impact.total_bound('n', 'total', 'squares', 1) ~ ' / nullif(units, 0)'
        ) }},
        case
            when n_total > n then {{ ai_impact.left_out_reason('n', 'n_total', 'problem') }}
            when units is null then 'No team with incidents has headcount_fte in the seed labor_rates.'
        end as reason
    from exposed
)

select * from final
