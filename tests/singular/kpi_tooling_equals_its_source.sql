{{ config(group='kpis') }}
{#- Fan-out of charges: what is spread over days and teams adds up to the part of each charge that lies in the days of the data. -#}
with charges as (
    select * from {{ ref('ai_impact', 'stg_cost_records') }}
    where
        cost_type in ('licence', 'infrastructure', 'maintenance')
),

days as (
    select * from {{ ref('ai_impact', 'dim_dates') }}
),

spread as (
    select * from {{ ref('ai_impact', 'int_tooling_daily') }}
),

daily as (
    select
        charges.effective_cost_reported / {{ ai_impact.days_from(
            'cast(charges.charge_period_start as date)',
            'greatest(cast(charges.charge_period_end as date), ' ~ ai_impact.add_days('charges.charge_period_start', 1) ~ ')'
        ) }} as cost
    from charges
    inner join days
        on
            days.date_day >= cast(charges.charge_period_start as date)
            and days.date_day < greatest(cast(charges.charge_period_end as date), {{ ai_impact.add_days('charges.charge_period_start', 1) }})
),

totals as (
    select
        (select coalesce(sum(cost), 0) from daily) as wanted,
        (select coalesce(sum(tooling_cost), 0) from spread) as got
),

final as (
    select * from totals
    where abs(wanted - got) > 1e-6 * (1 + abs(wanted))
)

select * from final
