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
        case when suppression_rule is null then completed end as completed,
        case when suppression_rule is null then covered_tasks end as covered_tasks,
        case when suppression_rule is null then cast(coverage as {{ ai_impact.physical_type('double') }}) end as coverage,
        case when suppression_rule is null then compute_cost end as compute_cost,
        case when suppression_rule is null then labour_cost end as labour_cost,
        case when suppression_rule is null then tooling_cost end as tooling_cost,
        case when suppression_rule is null then review_cost end as review_cost,
        '{{ var("reporting_currency") }}' as currency,
        suppression_rule is not null as is_suppressed,
        case when suppression_rule is null then reason end as reason
    from terms
)

select * from final
