{%- set models = ['first', 'last', 'linear', 'position', 'time_decay'] -%}
with conversions as (
    select * from {{ ref('ai_impact', 'int_conversions') }}
),

conversion_touches as (
    select * from {{ ref('ai_impact', 'int_conversion_touches') }}
),

-- A conversion that nothing touched within the lookback is nobody's.
touched as (
    select
        conversions.conversion_key,
        conversions.period_start,
        conversions.revenue,
        conversions.is_revenue_unknown,
        {%- for model in models %}
            coalesce(conversion_touches.credit_{{ model }}, 1) as credit_{{ model }},
        {%- endfor %}
        coalesce(conversion_touches.channel, '(none)') as channel,
        coalesce(conversion_touches.is_ai_generated, false) as is_ai_generated
    from conversions
    left join conversion_touches on conversions.conversion_key = conversion_touches.conversion_key
),

credited as (
    {% for model in models -%}
        select
            '{{ model }}' as model,
            conversion_key,
            period_start,
            channel,
            max(revenue) as revenue,
            max(case when is_revenue_unknown then 1 else 0 end) as is_unknown,
            sum(credit_{{ model }}) as credit,
            sum(case when is_ai_generated then credit_{{ model }} else 0 end) as ai_credit
        from touched
        group by conversion_key, period_start, channel
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

final as (
    select
        model,
        period_start,
        channel,
        count(*) as n_conversions,
        cast(sum(case when credit > 0 then is_unknown else 0 end) as {{ dbt.type_bigint() }}) as n_unknown_revenue,
        sum(credit) as conversions,
        sum(credit * credit) as conversions_squared,
        max(credit) as largest_conversions,
        sum(credit * coalesce(revenue, 0)) as revenue,
        sum(power(credit * coalesce(revenue, 0), 2)) as revenue_squared,
        max(credit * coalesce(revenue, 0)) as largest_revenue,
        sum(ai_credit) as ai_conversions,
        sum(ai_credit * coalesce(revenue, 0)) as ai_revenue
    from credited
    group by model, period_start, channel
)

select * from final
