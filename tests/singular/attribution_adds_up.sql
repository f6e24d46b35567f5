{{ config(group='evidence') }}
-- Every model gives out every conversion and all revenue of a month, no more and no less; before few people's are hidden.
with conversions as (
    select * from {{ ref('ai_impact', 'int_conversions') }}
),

credits as (
    select * from {{ ref('ai_impact', 'channel_credits') }}
),

wanted as (
    select
        period_start,
        count(*) as conversions,
        coalesce(sum(revenue), 0) as revenue
    from conversions
    group by period_start
),

models as (
    select distinct model from credits
),

got as (
    select
        model,
        cast(period_start as date) as period_start,
        sum(conversions) as conversions,
        sum(revenue) as revenue
    from credits
    group by model, cast(period_start as date)
),

final as (
    select
        models.model,
        wanted.period_start
    from wanted
    cross join models
    left join got
        on
            wanted.period_start = got.period_start
            and models.model = got.model
    where
        got.model is null
        or abs(got.conversions - wanted.conversions) > 1e-6 * (1 + wanted.conversions)
        or abs(got.revenue - wanted.revenue) > 1e-6 * (1 + abs(wanted.revenue))
)

select * from final
