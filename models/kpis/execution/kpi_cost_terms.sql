{%- set shown = [
    'completed', 'covered_tasks', 'coverage', 'compute_cost', 'labour_cost', 'tooling_cost', 'review_cost', 'reason'
] -%}
with costs as (
    select * from {{ ref('ai_impact', 'kpi_cost_per_task') }}
    where baseline_of = {{ ai_impact.rollup_label() }}
),

final as (
    select
        {{ ai_impact.hash_key(['period_key', 'use_case_id', 'team_id']) }} as cost_terms_key,
        period_grain,
        period_start,
        period_end,
        nullif(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        nullif(team_id, {{ ai_impact.rollup_label() }}) as team_id,
        {% for column in shown -%}
            case when suppression_rule is null then {{ column }} end as {{ column }},
        {% endfor -%}
        '{{ var("reporting_currency") }}' as currency,
        suppression_rule is not null as is_suppressed
    from costs
)

select * from final
