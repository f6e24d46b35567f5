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
        count(*) filter (where has_sources = 0) as without_sources,
        count(*) filter (where has_confidence = 0) as without_confidence,
        count(*) filter (where has_rationale = 0) as without_rationale,
        count(*) filter (where has_evidence = 0) as without_evidence,
        count(*) filter (
            where has_sources = 0 or has_confidence = 0 or has_rationale = 0 or has_evidence = 0
        ) as without_provenance
    from decisions
    group by use_case_id
)

select * from final
