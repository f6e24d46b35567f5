{#- Medians of how long something takes, and the share that lasts 180 days, with what has not ended counted as far
    as it is known: by the product-limit (Kaplan-Meier) curve of the spells that began in each period, and
    the sum of Greenwood for its variance. -#}
{%- set z = ai_impact.interval_z() -%}
with spells as (
    select * from {{ ref('ai_impact', 'int_spells') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
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

-- How many were still going when each event came, and what is left after it.
curve as (
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
),

-- How far the curve is from one half, in standard errors of its log-minus-log: within z, a time belongs to the
-- interval.
placed as (
    select
        *,
        case
            when share_left > 0 and share_left < 1 and greenwood > 0
                then abs(ln(-ln(share_left)) - ln(-ln(0.5e0))) * -ln(share_left) / sqrt(greenwood)
        end as distance,
        kpi_id = 'hire_retention_180d' as is_share
    from curve
),

ended as (
    select
        period_key,
        kpi_id,
        is_share,
        sum(spells) as n,
        sum(events) as events,
        max(days) as longest,
        min(case when share_left <= 0.5e0 + 1e-9 then days end) as half,
        min(case when events > 0 and distance <= {{ z }}e0 then days end) as low,
        max(case when events > 0 and distance <= {{ z }}e0 then days end) as last_within,
        min(case when days <= 180 then share_left end) as kept,
        max(case when days <= 180 then greenwood end) as kept_greenwood
    from placed
    group by period_key, kpi_id, is_share
),

bounded as (
    select
        ended.period_key,
        ended.kpi_id,
        min(placed.days) as high
    from ended
    inner join placed
        on
            ended.period_key = placed.period_key
            and ended.kpi_id = placed.kpi_id
            and placed.events > 0
            and placed.days > ended.last_within
    group by ended.period_key, ended.kpi_id
),

valued as (
    select
        ended.*,
        case
            when not ended.is_share then ended.half
            when ended.longest >= 180 then 100 * coalesce(ended.kept, 1)
        end as value,
        case
            when ended.is_share then {{ ai_impact.loglog_bound('ended.kept', 'ended.kept_greenwood', -1) }}
            else ended.low
        end as low_bound,
        case
            when ended.is_share then {{ ai_impact.loglog_bound('ended.kept', 'ended.kept_greenwood', 1) }}
            else bounded.high
        end as high_bound
    from ended
    left join bounded on ended.period_key = bounded.period_key and ended.kpi_id = bounded.kpi_id
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        kpi_id,
        cast(value as {{ ai_impact.physical_type('double') }}) as value,
        cast(events as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(n as {{ ai_impact.physical_type('double') }}) as denominator,
        cast(n as bigint) as n,
        {{ ai_impact.interval(
            'case when value is not null then low_bound end', 'high_bound'
        ) }},
        case
            when value is not null then cast(null as {{ dbt.type_string() }})
            when is_share then 'Nobody has been here for 180 days yet.'
            else 'Fewer than half of them have ended so far.'
        end as reason
    from valued
)

select * from final
