{#- Medians of how long something takes, and the share that lasts 180 days, with what has not ended counted as far
    as it is known. -#}
{%- set z = ai_impact.interval_z() -%}
with curve as (
    select * from {{ ref('int_survival') }}
),

people as (
    select * from {{ ref('int_strategic_people') }}
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
        valued.period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        valued.kpi_id,
        cast(valued.value as {{ ai_impact.physical_type('double') }}) as value,
        cast(valued.events as {{ ai_impact.physical_type('double') }}) as numerator,
        cast(valued.n as {{ ai_impact.physical_type('double') }}) as denominator,
        cast(valued.n as bigint) as n,
        {{ ai_impact.interval(
            'case when valued.value is not null then valued.low_bound end', 'valued.high_bound'
        ) }},
        case
            when valued.value is not null then cast(null as {{ dbt.type_string() }})
            when valued.is_share then 'Nobody has been here for 180 days yet.'
            else 'Fewer than half of them have ended so far.'
        end as reason,
        coalesce(people.n_people, 0) as n_people,
        coalesce(people.is_suppressed, false) as is_suppressed
    from valued
    left join people
        on
            valued.period_key = people.period_key
            and valued.kpi_id = people.kpi_id
            and people.use_case_id = {{ ai_impact.rollup_label() }}
)

select * from final
