{#- One row per use case: who answers for it, what its evidence says now, what it returns, and what is overdue. -#}
with use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

effects as (
    select * from {{ ref('report_effects') }}
    where place is not null and metric_role <> 'guardrail'
),

returns as (
    select * from {{ ref('report_returns') }}
    where is_newest and period_grain = 'rolling_365d'
),

reviews as (
    select
        use_case_id,
        min(case when is_due then due_on end) as review_due_on
    from {{ ref('reviews_due') }}
    group by use_case_id
),

findings as (
    select
        thing_id as use_case_id,
        count(*) as findings,
        cast(sum(case when severity = 'high' then 1 else 0 end) as {{ dbt.type_bigint() }}) as findings_high
    from {{ ref('governance_findings') }}
    where thing_type = 'use_case'
    group by thing_id
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

evidence as (
    select
        use_case_id,
        count(*) as effects,
        cast(sum(case when is_stale then 1 else 0 end) as {{ dbt.type_bigint() }}) as effects_stale,
        cast(sum(case when is_for_planning and not is_stale and finding = 'Better' then 1 else 0 end) as {{ dbt.type_bigint() }}) as effects_better,
        cast(sum(case when is_for_planning and not is_stale and finding = 'Worse' then 1 else 0 end) as {{ dbt.type_bigint() }}) as effects_worse,
        min(case when not is_stale then evidence_grade end) as best_grade,
        min(stale_since) as stale_since
    from effects
    group by use_case_id
),

final as (
    select
        use_cases.use_case_id,
        use_cases.name as use_case,
        use_cases.domain,
        use_cases.process,
        use_cases.owner as responsible,
        use_cases.ai_live_from,
        use_cases.baseline_from,
        use_cases.baseline_to,
        use_cases.baseline_problem,
        case
            when not use_cases.is_registered then 'Not on the map'
            when evidence.effects_worse > 0 then 'Harm shown'
            when evidence.effects_better > 0 then 'Gain shown'
            when evidence.effects_stale = evidence.effects then 'Measure again'
            when evidence.effects > 0 then 'No clear effect'
            else 'Not measured'
        end as state,
        coalesce(evidence.effects, 0) as effects,
        coalesce(evidence.effects_better, 0) as effects_better,
        coalesce(evidence.effects_worse, 0) as effects_worse,
        coalesce(evidence.effects_stale, 0) as effects_stale,
        evidence.best_grade,
        evidence.stale_since,
        returns.roi,
        returns.roi_ci_low,
        returns.roi_ci_high,
        returns.p_positive,
        returns.reason as roi_reason,
        coalesce(findings.findings, 0) as findings,
        coalesce(findings.findings_high, 0) as findings_high,
        reviews.review_due_on,
        loads.as_of
    from use_cases
    left join evidence on use_cases.use_case_id = evidence.use_case_id
    left join returns on use_cases.use_case_id = returns.use_case_id
    left join findings on use_cases.use_case_id = findings.use_case_id
    left join reviews on use_cases.use_case_id = reviews.use_case_id
    cross join loads
)

select * from final
