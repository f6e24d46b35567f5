{{ config(group='decisions') }}
-- The same charges count in the KPI of what a task costs and in the return on investment, at the same rates: tooling of a
-- live use case is the same money in both, and what can't be priced in one can't in the other.
with costs as (
    select * from {{ ref('ai_impact', 'roi_costs') }}
    where period_grain = 'month' and use_case_id <> {{ ai_impact.unmapped() }}
),

tooling as (
    select * from {{ ref('ai_impact', 'int_tooling_daily') }}
),

totals as (
    select
        costs.roi_cost_key,
        costs.reason,
        coalesce(costs.licence_cost, 0) + coalesce(costs.infrastructure_cost, 0) + coalesce(costs.maintenance_cost, 0)
            as in_roi,
        coalesce(sum(tooling.tooling_cost), 0) as in_kpi,
        coalesce(sum(tooling.unpriced_charges), 0) as unpriced
    from costs
    left join tooling
        on
            costs.use_case_id = tooling.use_case_id
            and tooling.charged_on >= costs.cost_from
            and tooling.charged_on < costs.period_end
    group by
        costs.roi_cost_key, costs.reason, costs.licence_cost, costs.infrastructure_cost, costs.maintenance_cost
),

final as (
    select * from totals
    where
        abs(in_roi - in_kpi) > 1e-6 * (1 + abs(in_roi))
        or (unpriced > 0 and reason is null)
)

select * from final
