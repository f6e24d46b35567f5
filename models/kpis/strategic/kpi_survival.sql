{#- Medians of how long something takes, and the share that lasts 180 days, with what has not ended counted as far
    as it is known. -#}
{%- set z = ai_impact.interval_z() -%}
with curve as (
    select * from {{ ref('int_survival') }}
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
