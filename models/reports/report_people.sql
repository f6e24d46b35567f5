{#- What people add to decisions that AI prepares, by use case and period. -#}
with {{ ai_impact.imports(['human_delta', 'dim_use_cases', 'int_kpi_catalog']) }},

ranked as (
    select
        *,
        row_number() over (
            partition by use_case_id, kpi_id, period_grain
            order by case when is_suppressed then 1 else 0 end, period_end desc
        ) as age
    from human_delta
),

final as (
    select
        ranked.human_delta_key as report_key,
        coalesce(ranked.use_case_id, 'all') as use_case_id,
        coalesce(dim_use_cases.name, ranked.use_case_id, 'All decisions') as use_case,
        coalesce(int_kpi_catalog.name, ranked.kpi_id) as outcome,
        int_kpi_catalog.unit,
        ranked.age = 1 as is_newest,
        {% for column in [
            'human_in_loop_ratio', 'override_rate', 'automation_bias', 'provenance_score', 'panel_score'
        ] -%}
            {{ ai_impact.columns('ranked', [column, column ~ '_ci_low', column ~ '_ci_high']) }},
        {% endfor -%}
        {{ ai_impact.columns('ranked', [
            'kpi_id', 'period_grain', 'period_start', 'period_end', 'n_decisions', 'outcome_overridden', 'outcome_accepted',
            'n_overridden', 'n_accepted', 'override_delta', 'override_delta_ci_low', 'override_delta_ci_high', 'override_grade',
            'override_reason', 'outcome_with_human', 'outcome_ai_only', 'n_with_human', 'n_ai_only', 'strategic_delta',
            'strategic_delta_ci_low', 'strategic_delta_ci_high', 'strategic_basis', 'strategic_grade', 'strategic_reason',
            'panel_alpha', 'panel_alpha_ci_low', 'panel_alpha_ci_high', 'panel_weakest_criterion', 'panel_n_ratings',
            'panel_reliability', 'panel_reason'
        ]) }},
        not ranked.is_suppressed as is_shown,
        case when ranked.is_suppressed then 'Too few people are behind this number.' end as reason,
        loads.as_of
    from ranked
    left join dim_use_cases on ranked.use_case_id = dim_use_cases.use_case_id
    left join int_kpi_catalog on ranked.kpi_id = int_kpi_catalog.kpi_id
    cross join loads
)

select * from final
