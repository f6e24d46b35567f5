-- Nothing is on target whose interval holds the limit, and nothing off target whose interval meets it, but for a
-- guardrail that worsened; so no revenue is on target whose interval holds 0.
with kpi_values as (
    select * from {{ ref('ai_impact', 'kpi_values') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

judged as (
    select
        kpi_values.*,
        catalog.direction
    from kpi_values
    inner join catalog on kpi_values.kpi_id = catalog.kpi_id
    where kpi_values.status in ('on_target', 'off_target', 'better_than_target')
)

select
    kpi_id,
    period_start,
    status
from judged
where
    (status <> 'off_target' and ci_low is null)
    or (
        target_basis = 'absolute'
        and status <> 'off_target'
        and case when direction = 'up' then ci_low < target_low else ci_high > target_high end
    )
    or (
        target_basis = 'absolute'
        and status = 'off_target'
        and guardrail_status <> 'worsened'
        and case when direction = 'up' then ci_high >= target_low else ci_low <= target_high end
    )
    -- The interval of a difference is no narrower than that of the value alone.
    or (
        target_basis = 'points vs baseline'
        and status <> 'off_target'
        and case
            when direction = 'up' then ci_low - baseline_value < target_low else ci_high - baseline_value > target_high
        end
    )
    or (
        target_basis = 'change vs baseline'
        and status <> 'off_target'
        and case
            when direction = 'up'
                then ci_low < baseline_value + abs(baseline_value) * target_low / 100.0 - 1e-9 * abs(baseline_value)
            else ci_high > baseline_value + abs(baseline_value) * target_high / 100.0 + 1e-9 * abs(baseline_value)
        end
    )
