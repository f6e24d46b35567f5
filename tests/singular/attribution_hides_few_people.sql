{{ config(group='evidence') }}
-- No number of a channel and month of fewer than k people, and never one hidden channel alone beside others that are shown.
with attribution as (
    select * from {{ ref('channel_attribution') }}
),

people as (
    select * from {{ ref('int_channel_suppression') }}
),

shown as (
    select
        attribution.model,
        attribution.period_start,
        attribution.channel
    from attribution
    inner join people
        on
            attribution.channel = people.channel
            and attribution.period_start = people.period_start
    where
        people.n_people < {{ var('k_anonymity') }}
        and (
            attribution.conversions is not null
            or attribution.revenue is not null
            or attribution.n_conversions is not null
            or attribution.calibrated_revenue is not null
        )
),

alone as (
    select
        model,
        period_start,
        min(channel) as channel
    from attribution
    group by model, period_start
    having count(case when is_suppressed then 1 end) = 1 and count(case when not is_suppressed then 1 end) > 0
)

select * from shown
union all
select * from alone
