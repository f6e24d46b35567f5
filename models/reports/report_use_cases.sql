{#- One row per use case: who answers for it, what its evidence says now, what it returns, and what is overdue. -#}
with {{ ai_impact.imports([
    'dim_use_cases', 'report_effects', 'report_returns', 'reviews_due', 'governance_findings'
]) }},

reviews as (
    select
        use_case_id,
        min(case when is_due then due_on end) as review_due_on
    from reviews_due
    group by use_case_id
),

findings as (
    select
        thing_id as use_case_id,
        {{ ai_impact.counts({'findings': 'thing_id is not null', 'findings_high': "severity = 'high'"}) }}
    from governance_findings
    where thing_type = 'use_case'
    group by thing_id
),

evidence as (
    select
        use_case_id,
        {{ ai_impact.counts({
            'effects': 'place is not null', 'effects_stale': 'is_stale',
            'effects_better': "is_for_planning and not is_stale and finding = 'Better'",
            'effects_worse': "is_for_planning and not is_stale and finding = 'Worse'"
        }) }},
        min(case when not is_stale then evidence_grade end) as best_grade,
        min(stale_since) as stale_since
    from report_effects
    where place is not null and metric_role <> 'guardrail'
    group by use_case_id
),

returns as (
    select * from report_returns
    where is_newest and period_grain = 'rolling_365d'
),

final as (
    select
        dim_use_cases.name as use_case,
        {{ ai_impact.columns('dim_use_cases', [
            'use_case_id', 'domain', 'process', 'ai_live_from', 'baseline_from', 'baseline_to', 'baseline_problem'
        ]) }},
        dim_use_cases.owner as responsible,
        case
            when not dim_use_cases.is_registered then 'Not on the map'
            when evidence.effects_worse > 0 then 'Harm shown'
            when evidence.effects_better > 0 then 'Gain shown'
            when evidence.effects_stale = evidence.effects then 'Measure again'
            when evidence.effects > 0 then 'No clear effect'
            else 'Not measured'
        end as state,
        {% for column in ['effects', 'effects_better', 'effects_worse', 'effects_stale'] -%}
            coalesce(evidence.{{ column }}, 0) as {{ column }},
        {% endfor -%}
        {{ ai_impact.columns('evidence', ['best_grade', 'stale_since']) }},
        {{ ai_impact.columns('returns', ['roi', 'roi_ci_low', 'roi_ci_high', 'p_positive']) }},
        returns.reason as roi_reason,
        coalesce(findings.findings, 0) as findings,
        coalesce(findings.findings_high, 0) as findings_high,
        reviews.review_due_on,
        loads.as_of
    from dim_use_cases
    left join evidence on dim_use_cases.use_case_id = evidence.use_case_id
    left join returns on dim_use_cases.use_case_id = returns.use_case_id
    left join findings on dim_use_cases.use_case_id = findings.use_case_id
    left join reviews on dim_use_cases.use_case_id = reviews.use_case_id
    cross join loads
)

select * from final
