{#- What people add to decisions that AI prepares, by use case and period. -#}
with human as (
    select * from {{ ref('human_delta') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

kpis as (
    select * from {{ ref('kpi_catalog') }}
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by use_case_id, kpi_id, period_grain
            order by case when is_suppressed then 1 else 0 end, period_end desc
        ) as age
    from human
),

final as (
    select
        ranked.human_delta_key as report_key,
        coalesce(ranked.use_case_id, 'all') as use_case_id,
        case when ranked.use_case_id is null then 'All decisions' else coalesce(use_cases.name, ranked.use_case_id) end
            as use_case,
        ranked.kpi_id,
        coalesce(kpis.name, ranked.kpi_id) as outcome,
        kpis.unit,
        ranked.period_grain,
        ranked.period_start,
        ranked.period_end,
        ranked.age = 1 as is_newest,
        ranked.n_decisions,
        {% for column in ['human_in_loop_ratio', 'override_rate', 'automation_bias', 'provenance_score', 'panel_score'] -%}
            ranked.{{ column }},
            ranked.{{ column }}_ci_low,
            ranked.{{ column }}_ci_high,
        {% endfor -%}
        ranked.outcome_overridden,
        ranked.outcome_accepted,
        ranked.n_overridden,
        ranked.n_accepted,
        ranked.override_delta,
        ranked.override_delta_ci_low,
        ranked.override_delta_ci_high,
        ranked.override_grade,
        ranked.override_reason,
        ranked.outcome_with_human,
        ranked.outcome_ai_only,
        ranked.n_with_human,
        ranked.n_ai_only,
        ranked.strategic_delta,
        ranked.strategic_delta_ci_low,
        ranked.strategic_delta_ci_high,
        ranked.strategic_basis,
        ranked.strategic_grade,
        ranked.strategic_reason,
        ranked.panel_alpha,
        ranked.panel_alpha_ci_low,
        ranked.panel_alpha_ci_high,
        ranked.panel_weakest_criterion,
        ranked.panel_n_ratings,
        ranked.panel_reliability,
        ranked.panel_reason,
        not ranked.is_suppressed as is_shown,
        case when ranked.is_suppressed then 'Too few people are behind this number.' end as reason,
        loads.as_of
    from ranked
    left join use_cases on ranked.use_case_id = use_cases.use_case_id
    left join kpis on ranked.kpi_id = kpis.kpi_id
    cross join loads
)

select * from final
