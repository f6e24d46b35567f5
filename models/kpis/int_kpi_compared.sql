{#- Every KPI beside its baseline: the same KPI of the same use case and team in the window registered before AI went
    live. -#}
{{ config(materialized=ai_impact.wide_view()) }}

with measures as (
    select * from {{ ref('kpi_execution') }}
),

cells as (
    select * from {{ ref('int_kpi_cells') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

told as (
    select
        measures.*,
        cells.period_grain,
        cells.period_start,
        cells.period_end,
        cells.baseline_of,
        cells.n_people,
        cells.is_suppressed
    from measures
    inner join cells
        on
            measures.period_key = cells.period_key
            and measures.use_case_id = cells.use_case_id
            and measures.team_id = cells.team_id
),

baselines as (
    select * from told
    where period_grain = 'baseline' and use_case_id = baseline_of and not is_suppressed
),

compared as (
    select
        told.*,
        baselines.value as baseline_value,
        case
            when told.use_case_id = {{ ai_impact.all_of_them() }} then 'All use cases together have no baseline window.'
            when not use_cases.has_baseline then use_cases.baseline_problem
            when baselines.value is null then 'The KPI has no value that may be shown in the baseline window.'
        end as baseline_problem
    from told
    left join baselines
        on
            told.kpi_id = baselines.kpi_id
            and told.use_case_id = baselines.use_case_id
            and told.team_id = baselines.team_id
    left join use_cases on told.use_case_id = use_cases.use_case_id
    where told.period_grain <> 'baseline'
),

final as (
    select
        compared.*,
        compared.value - compared.baseline_value as change_absolute,
        100
        * {{ ai_impact.safe_divide('compared.value - compared.baseline_value', 'abs(compared.baseline_value)') }}
            as change_percent,
        catalog.domain,
        catalog.direction,
        catalog.guarded_by,
        catalog.target_basis,
        catalog.target_low,
        catalog.target_high,
        -- Worse by more than chance: the interval lies beyond the baseline on the bad side.
        case
            when compared.baseline_value is null or compared.ci_low is null then 'unknown'
            when catalog.direction = 'down' and compared.ci_low > compared.baseline_value then 'worsened'
            when catalog.direction = 'up' and compared.ci_high < compared.baseline_value then 'worsened'
            else 'holds'
        end as as_guardrail
    from compared
    inner join catalog on compared.kpi_id = catalog.kpi_id
)

select * from final
