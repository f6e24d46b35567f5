{#- Decisions of each use case, and how many of them can't be traced: without sources, confidence, rationale or
    evidence. -#}
with events as (
    select * from {{ ref('stg_decision_events') }}
),

decisions as (
    select
        decision_id,
        min({{ ai_impact.mapped('use_case_id') }}) as use_case_id,
        max(case when has_sources then 1 else 0 end) as has_sources,
        max(case when has_confidence then 1 else 0 end) as has_confidence,
        max(case when has_rationale then 1 else 0 end) as has_rationale,
        max(case when evidence_count > 0 then 1 else 0 end) as has_evidence
    from events
    group by decision_id
),

final as (
    select
        use_case_id,
        count(*) as decisions,
        count(case when has_sources = 0 then 1 end) as without_sources,
        count(case when has_confidence = 0 then 1 end) as without_confidence,
        count(case when has_rationale = 0 then 1 end) as without_rationale,
        count(case when has_evidence = 0 then 1 end) as without_evidence,
        count(
            case when has_sources = 0 or has_confidence = 0 or has_rationale = 0 or has_evidence = 0 then 1 end
        ) as without_provenance
    from decisions
    group by use_case_id
)

select * from final
