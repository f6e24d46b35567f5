{{ config(group='decisions') }}
-- The months of a use case hold every charge that lies in them whole, and of those that reach over their edges no more
-- than these are.
{% set running = "('licence', 'usage', 'infrastructure', 'oversight', 'maintenance', 'remediation')" %}
{%- set nobodys = ai_impact.unmapped() %}
with costs as (
    select * from {{ ref('ai_impact', 'roi_costs') }}
    where period_grain = 'month' and reason is null
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where ai_live_from is not null
),

charges as (
    select
        records.charge_period_start,
        records.charge_period_end,
        records.effective_cost_reported,
        case when records.use_case_id is not null then coalesce(use_cases.use_case_id, {{ nobodys }}) end as use_case_id
    from {{ ref('ai_impact', 'stg_cost_records') }} as records
    left join use_cases on records.use_case_id = use_cases.use_case_id
    where records.cost_type in {{ running }}
),

counted as (
    select
        use_case_id,
        -- What is left of the operating cost without its parts is in neither.
        sum(operating_cost + coalesce(remediation_cost, 0)) as cost,
        min({{ ai_impact.add_days('period_end', '-days') }}) as first_day,
        max(period_end) as end_day
    from costs
    group by use_case_id
),

expected as (
    select
        counted.use_case_id,
        counted.cost,
        sum(case
            when
                charges.use_case_id is not null
                and charges.charge_period_start >= counted.first_day
                and charges.charge_period_end <= counted.end_day
                then charges.effective_cost_reported
        end) as whole,
        sum(charges.effective_cost_reported) as touching
    from counted
    inner join charges
        on
            (counted.use_case_id = charges.use_case_id or charges.use_case_id is null)
            and charges.charge_period_start < counted.end_day
            and charges.charge_period_end > counted.first_day
    group by counted.use_case_id, counted.cost
)

select * from expected
where cost < whole - 0.01 or cost > touching + 0.01
