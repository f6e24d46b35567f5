-- A guardrail that holds has an interval that excludes a worsening by its margin, one that worsened an interval beyond
-- its baseline; and no gain is on target whose guardrail worsened.
with kpi_values as (
    select * from {{ ref('ai_impact', 'kpi_values') }}
),

catalog as (
    select
        *,
        coalesce(guardrail_margin, 10) / 100.0 as margin
    from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

guarded as (
    select
        kpi_values.kpi_value_key,
        kpi_values.status,
        kpi_values.guardrail_status,
        guards.ci_low,
        guards.ci_high,
        guards.baseline_value,
        of_guard.direction,
        of_guard.margin * abs(guards.baseline_value) as allowed
    from kpi_values
    inner join catalog on kpi_values.kpi_id = catalog.kpi_id
    inner join catalog as of_guard on catalog.guarded_by = of_guard.kpi_id
    left join kpi_values as guards
        on
            catalog.guarded_by = guards.kpi_id
            and kpi_values.period_grain = guards.period_grain
            and kpi_values.period_start = guards.period_start
            and coalesce(kpi_values.use_case_id, '') = coalesce(guards.use_case_id, '')
            and coalesce(kpi_values.team_id, '') = coalesce(guards.team_id, '')
)

select *
from guarded
where
    (guardrail_status in ('holds', 'worsened') and (baseline_value is null or ci_low is null))
    or (guardrail_status = 'holds' and direction = 'down' and ci_high >= baseline_value + allowed)
    or (guardrail_status = 'holds' and direction = 'up' and ci_low <= baseline_value - allowed)
    or (guardrail_status = 'worsened' and direction = 'down' and ci_low <= baseline_value)
    or (guardrail_status = 'worsened' and direction = 'up' and ci_high >= baseline_value)
    or (guardrail_status = 'worsened' and status in ('on_target', 'better_than_target'))
    or guardrail_status = 'none'
