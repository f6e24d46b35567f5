{{ config(group='decisions') }}
-- The projection starts where the return stands: its pace, times twelve, is the revenue a year of the newest 90 days. Each band
-- holds what is expected.
with paces as (
    select * from {{ ref('roi_run_rates') }}
    where is_counted and units is not null
),

summary as (
    select * from {{ ref('roi_summary') }}
    where period_grain = 'rolling_90d' and roi is not null and revenue <> 0
),

projection as (
    select * from {{ ref('revenue_projection') }}
)

select
    paces.use_case_id,
    'pace' as problem
from paces
inner join summary on paces.use_case_id = summary.use_case_id and paces.period_end = summary.period_end
where abs(12 * paces.units * paces.value_per_unit_base - summary.revenue) > 1e-6 * abs(summary.revenue)
union all
select
    use_case_id,
    'band' as problem
from projection
where
    expected not between ci_low and ci_high
    or expected not between low and high
    or cumulative_expected not between cumulative_ci_low and cumulative_ci_high
    or (expected is null and reason is null)
