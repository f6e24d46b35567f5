{#- Every KPI of a day or longer as a board shows it. A target against the baseline is in the unit of the KPI here. -#}
with kpis as (
    select * from {{ ref('ai_impact', 'kpi_values') }}
    where period_grain <> 'hour'
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
),

effects as (
    {% if var('decisions_enabled') and var('evidence_enabled') -%}
        select * from {{ ref('ai_impact', 'report_effects') }}
        where place is not null and treatment_place = 1
    {%- else -%}
        {{ ai_impact.no_rows({
            'experiment_id': 'string', 'metric_id': 'string', 'experiment': 'string', 'phrase': 'string', 'scale': 'string',
            'estimate': 'double', 'ci_low': 'double', 'ci_high': 'double', 'evidence_grade': 'string', 'stale_since': 'date'
        }) }}
    {%- endif %}
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('ai_impact', 'event_reconciliation') }}
),

named as (
    select
        kpis.*,
        catalog.name as kpi,
        catalog.source_section as section,
        catalog.unit,
        catalog.direction,
        catalog.window_days,
        catalog.guarded_by as guardrail_kpi_id,
        {{ ai_impact.in_kpi_unit('kpis.target_low', 'kpis.target_basis', 'kpis.baseline_value') }} as target_from,
        {{ ai_impact.in_kpi_unit('kpis.target_high', 'kpis.target_basis', 'kpis.baseline_value') }} as target_to,
        row_number() over (
            partition by kpis.kpi_id, kpis.period_grain, kpis.use_case_id, kpis.team_id
            order by case when kpis.value is null then 1 else 0 end, kpis.period_end desc
        ) as age
    from kpis
    inner join catalog on kpis.kpi_id = catalog.kpi_id
),

final as (
    select
        named.kpi_value_key as report_key,
        named.domain,
        named.section,
        named.kpi_id,
        named.kpi,
        named.unit,
        named.direction,
        named.window_days,
        named.period_grain,
        cast(named.period_start as date) as period_start,
        cast(named.period_end as date) as period_end,
        named.age = 1 as is_newest,
        coalesce(named.use_case_id, 'all') as use_case_id,
        case when named.use_case_id is null then 'All use cases' else coalesce(use_cases.name, named.use_case_id) end
            as use_case,
        coalesce(named.team_id, 'all') as team_id,
        coalesce(named.team_id, 'All teams') as team,
        named.value,
        named.ci_low,
        named.ci_high,
        named.numerator,
        named.denominator,
        named.n,
        named.coverage,
        named.baseline_value,
        use_cases.baseline_from,
        use_cases.baseline_to,
        use_cases.ai_live_from,
        named.change_absolute,
        named.change_percent,
        named.target_from,
        named.target_to,
        named.status,
        {{ ai_impact.status_name('named.status') }} as status_name,
        named.guardrail_kpi_id,
        guardrails.name as guardrail,
        named.guardrail_status,
        'E' as evidence_grade,
        named.value is not null as is_shown,
        named.reason,
        effects.experiment_id as causal_experiment_id,
        effects.experiment as causal_experiment,
        effects.phrase as causal_metric,
        effects.scale as causal_scale,
        effects.estimate as causal_estimate,
        effects.ci_low as causal_ci_low,
        effects.ci_high as causal_ci_high,
        effects.evidence_grade as causal_grade,
        effects.stale_since as causal_stale_since,
        loads.as_of
    from named
    left join use_cases on named.use_case_id = use_cases.use_case_id
    left join catalog as guardrails on named.guardrail_kpi_id = guardrails.kpi_id
    left join effects
        on named.causal_experiment_id = effects.experiment_id and named.causal_metric_id = effects.metric_id
    cross join loads
)

select * from final
