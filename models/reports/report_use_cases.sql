with {{ ai_impact.imports([
    'dim_use_cases', 'report_effects', 'report_returns', 'reviews_due', 'governance_findings'
]) }},

reviews as (
    {{ ai_impact.overdue_reviews() }}
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
    {{ ai_impact.evidence_of_use_cases() }}
),

final as (
    select
        dim_use_cases.name as use_case,
        {{ ai_impact.columns('dim_use_cases', [
            'use_case_id', 'domain', 'process', 'ai_live_from', 'baseline_from', 'baseline_to', 'baseline_problem'
        ]) }},
        dim_use_cases.owner as responsible,
        {{ ai_impact.use_case_state() }} as state,
        {{ ai_impact.or_zero('evidence', ['effects', 'effects_better', 'effects_worse', 'effects_stale']) }},
        {{ ai_impact.columns('evidence', ['best_grade', 'stale_since']) }},
        {{ ai_impact.columns('returns', ['roi', 'roi_ci_low', 'roi_ci_high', 'p_positive']) }},
        returns.reason as roi_reason,
        {{ ai_impact.or_zero('findings', ['findings', 'findings_high']) }},
        reviews.review_due_on,
        loads.as_of
    from dim_use_cases
    left join evidence on dim_use_cases.use_case_id = evidence.use_case_id
    left join report_returns as returns
        on
            dim_use_cases.use_case_id = returns.use_case_id
            and returns.is_newest and returns.period_grain = 'rolling_365d'
    left join findings on dim_use_cases.use_case_id = findings.use_case_id
    left join reviews on dim_use_cases.use_case_id = reviews.use_case_id
    cross join loads
)

select * from final
