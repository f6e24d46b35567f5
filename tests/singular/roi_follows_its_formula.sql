-- The return is what its own terms give, lies in its bands, and is NULL only with a reason; the base of the tornado is the
-- same return.
with summary as (
    select * from {{ ref('ai_impact', 'roi_summary') }}
),

sensitivity as (
    select * from {{ ref('ai_impact', 'roi_sensitivity') }}
)

select
    use_case_id,
    period_start,
    'formula' as problem
from summary
where
    abs(
        roi - {{ ai_impact.safe_divide(
            'coalesce(revenue, 0) + coalesce(labour_saved, 0) - operating_cost - remediation_cost', 'operating_cost'
        ) }}
    ) > 1e-6 * (1 + abs(roi))
    or (roi is null and reason is null)
    or roi_low > roi + 1e-9 * (1 + abs(roi))
    or roi_high < roi - 1e-9 * (1 + abs(roi))
    or roi_ci_low > roi_ci_high
    or (roi is not null and operating_cost is null)
union all
select
    summary.use_case_id,
    summary.period_start,
    'tornado' as problem
from summary
inner join sensitivity
    on
        summary.use_case_id = sensitivity.use_case_id
        and summary.period_grain = sensitivity.period_grain
        and summary.period_start = sensitivity.period_start
where summary.roi is null or abs(summary.roi - sensitivity.roi) > 1e-9 * (1 + abs(summary.roi))
