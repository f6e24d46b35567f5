{#- Weekly series of the market: branded searches beside those of the category, which take the season out, and
    share of voice. -#}
{{ config(materialized=ai_impact.plain_view()) }}

with signals as (
    select
        week,
        value,
        {{ ai_impact.plain_word('series', []) }} as series
    from {{ ref('stg_market_signals') }}
),

-- A week from any day is that of the calendar which its middle lies in; days are averaged by week.
placed as (
    select
        series,
        value,
        {{ ai_impact.add_days('week', '4 - ' ~ ai_impact.iso_day_of_week(ai_impact.add_days('week', 3))) }} as week
    from signals
),

weeks as (
    select
        week,
        avg(case when series = 'branded_search' then value end) as branded,
        avg(case when series = 'category_search' then value end) as category,
        avg(case when series = 'share_of_voice' then value end) as voice
    from placed
    group by week
),

final as (
    select
        'brand_lift' as kpi_id,
        'mean' as kind,
        100 as scale,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        week as observed_on,
        cast(null as {{ dbt.type_string() }}) as person_id,
        case when category > 0 then branded end as y,
        case when branded is not null then category end as z,
        case when branded is null or coalesce(category, 0) <= 0 then 'A series has no value for it.' end as problem
    from weeks
    where branded is not null or category is not null
    union all
    select
        'share_of_voice',
        'mean',
        100,
        cast(null as {{ dbt.type_string() }}),
        week,
        cast(null as {{ dbt.type_string() }}),
        voice,
        cast(1 as {{ ai_impact.physical_type('double') }}),
        cast(null as {{ dbt.type_string() }})
    from weeks
    where voice is not null
)

select * from final
