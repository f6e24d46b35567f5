{#- The product-limit (Kaplan-Meier) curve of the spells that began in each period: how many were still going when
    each event came, and what is left after it, with Greenwood's sum for its variance. -#}
with spells as (
    select * from {{ ref('int_spells') }}
),

periods as (
    select * from {{ ref('int_long_periods') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

times as (
    select
        periods.period_key,
        spells.kpi_id,
        spells.days,
        count(*) as spells,
        sum(spells.has_ended) as events
    from spells
    inner join catalog on spells.kpi_id = catalog.kpi_id
    inner join periods
        on
            spells.started_on = periods.date_day
            and periods.baseline_of in ({{ ai_impact.rollup_label() }}, catalog.baseline_use_case_id)
    group by periods.period_key, spells.kpi_id, spells.days
),

at_risk as (
    select
        *,
        sum(spells) over (
            partition by period_key, kpi_id
            order by days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from times
),

steps as (
    select
        *,
        case when events < at_risk then ln(1 - events * 1e0 / at_risk) end as log_step,
        case when events < at_risk then events * 1e0 / (at_risk * 1e0 * (at_risk - events)) end as greenwood_step
    from at_risk
),

summed as (
    select
        *,
        sum(log_step) over (
            partition by period_key, kpi_id
            order by days
            rows between unbounded preceding and current row
        ) as log_left,
        sum(greenwood_step) over (
            partition by period_key, kpi_id
            order by days
            rows between unbounded preceding and current row
        ) as greenwood
    from steps
),

final as (
    select
        period_key,
        kpi_id,
        days,
        cast(spells as bigint) as spells,
        cast(events as bigint) as events,
        cast(at_risk as bigint) as at_risk,
        -- The last of all: nobody is left.
        cast(case when events = at_risk then 0 else exp(log_left) end as {{ ai_impact.physical_type('double') }})
            as share_left,
        greenwood
    from summed
)

select * from final
