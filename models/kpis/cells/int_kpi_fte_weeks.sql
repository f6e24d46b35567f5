{#- Full-time equivalents times weeks of the teams that completed work in a cell, by the month's head count. -#}
{{ config(materialized=ai_impact.heavy_view()) }}
{%- set first_day = ai_impact.greatest(['periods.period_start', 'rates.month_start']) -%}
{%- set days = ai_impact.days_from(first_day, ai_impact.least(['periods.period_end', 'rates.month_end'])) -%}
with sums as (
    select * from {{ ref('ai_impact', 'int_kpi_sums') }}
    where completed > 0 and team_id <> {{ ai_impact.rollup_label() }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

rates as (
    select
        *,
        cast(month as date) as month_start,
        cast({{ ai_impact.add_time('month', 1, 'month') }} as date) as month_end
    from {{ ref('ai_impact', 'labor_rates') }}
    where headcount_fte is not null
),

team_weeks as (
    -- A period that the head count covers only in part has none.
    select
        periods.period_key,
        rates.team_id,
        case
            when sum({{ days }}) = max(periods.days_in_period)
                then {{ ai_impact.exact_sum('rates.headcount_fte * ' ~ days ~ ' / 7.0') }}
        end as fte_weeks
    from periods
    inner join rates on rates.month_start < periods.period_end and rates.month_end > periods.period_start
    group by periods.period_key, rates.team_id
),

final as (
    select
        sums.period_key,
        sums.use_case_id,
        {{ ai_impact.cell_of('sums.team_id') }} as team_id,
        count(case when team_weeks.fte_weeks is null then 1 end) as teams_without_headcount,
        {{ ai_impact.exact_sum('team_weeks.fte_weeks') }} as fte_weeks
    from sums
    left join team_weeks on sums.period_key = team_weeks.period_key and sums.team_id = team_weeks.team_id
    group by grouping sets ((sums.period_key, sums.use_case_id, sums.team_id), (sums.period_key, sums.use_case_id))
)

select * from final
