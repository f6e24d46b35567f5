with terms as (
    select * from {{ ref('int_kpi_cost_terms') }}
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
        case when not is_suppressed then completed end as completed,
        case when not is_suppressed then compute_cost end as compute_cost,
        case when not is_suppressed then labour_cost end as labour_cost,
        case when not is_suppressed then tooling_cost end as tooling_cost,
        case when not is_suppressed then review_cost end as review_cost,
        '{{ var("reporting_currency") }}' as currency,
        is_suppressed,
        case when not is_suppressed then reason end as reason
    from terms
)

select * from final
