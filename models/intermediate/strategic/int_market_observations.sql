{#- Weekly series of the market: branded searches beside those of the category, which take the season out, and
    share of voice. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

-- A week from any day is that of the calendar which its middle lies in; days are averaged by week.
with signals as (
    select
        value,
        {{ ai_impact.plain_word('series', []) }} as series,
        {{ ai_impact.add_days('week', '4 - ' ~ ai_impact.iso_day_of_week(ai_impact.add_days('week', 3))) }} as week
    from {{ ref('ai_impact', 'stg_market_signals') }}
),

weeks as (
    select
        week,
        avg(case when series = 'branded_search' then value end) as branded,
        avg(case when series = 'category_search' then value end) as category,
        avg(case when series = 'share_of_voice' then value end) as voice
    from signals
    group by week
),

{% set kpis = [
    ('brand_lift', 'case when category > 0 then branded end', 'case when branded is not null then category end',
        "case when branded is null or coalesce(category, 0) <= 0 then 'A series has no value for it.' end",
        'branded is not null or category is not null'),
    ('share_of_voice', 'voice', '1', 'null', 'voice is not null')
] -%}
final as (
    {% for kpi_id, numerator, denominator, problem, counts in kpis %}
        select
            '{{ kpi_id }}' as kpi_id,
            'mean' as kind,
            100 as scale,
            cast(null as {{ dbt.type_string() }}) as use_case_id,
            week as observed_on,
            cast(null as {{ dbt.type_string() }}) as person_id,
            {{ numerator }} as numerator,
            cast({{ denominator }} as {{ ai_impact.physical_type('double') }}) as denominator,
            cast({{ problem }} as {{ dbt.type_string() }}) as problem
        from weeks
        where {{ counts }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
