-- The use cases of the bridge add up to its company, each row to its own sum, and both ends are those of roi_summary;
-- evidence of grade D or E is marked wherever it counts.
with bridge as (
    select
        *,
        1 + abs(coalesce(net_benefit, 0)) + abs(coalesce(rescaled, 0)) as size
    from {{ ref('ai_impact', 'roi_bridge') }}
),

summary as (
    select * from {{ ref('ai_impact', 'roi_summary') }}
),

of_use_cases as (
    select
        period_grain,
        period_start,
        sum(net_benefit) as net_benefit,
        sum(counted_twice) as counted_twice,
        sum(company_net_benefit) as company_net_benefit,
        sum(size) as size
    from bridge
    where use_case_id is not null
    group by period_grain, period_start
)

select
    use_case_id,
    period_start,
    'row' as problem
from bridge
where
    abs(net_benefit + rescaled + counted_twice - company_net_benefit) > 1e-6 * size
    or counted_twice > 0
    or (net_benefit is null and reason is null)
union all
select
    bridge.use_case_id,
    bridge.period_start,
    'sum' as problem
from bridge
left join of_use_cases
    on bridge.period_grain = of_use_cases.period_grain and bridge.period_start = of_use_cases.period_start
where
    bridge.use_case_id is null
    and (
        of_use_cases.size is null
        or abs(bridge.company_net_benefit - of_use_cases.company_net_benefit) > 1e-6 * of_use_cases.size
        or abs(bridge.net_benefit - of_use_cases.net_benefit) > 1e-6 * of_use_cases.size
        or abs(bridge.counted_twice - of_use_cases.counted_twice) > 1e-6 * of_use_cases.size
    )
union all
select
    summary.use_case_id,
    summary.period_start,
    'summary' as problem
from summary
left join bridge on summary.roi_key = bridge.roi_key
where
    summary.net_benefit is not null
    and (
        bridge.roi_key is null
        or abs(
            summary.net_benefit
            - case when summary.use_case_id is null then bridge.company_net_benefit else bridge.net_benefit end
        ) > 1e-6 * (1 + abs(summary.net_benefit))
    )
union all
select
    use_case_id,
    period_start,
    'mark' as problem
from summary
where (revenue_grade in ('D', 'E') or labour_grade in ('D', 'E')) and not is_admitted_by_var
