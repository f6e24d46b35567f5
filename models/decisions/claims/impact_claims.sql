with claims as (
    select * from {{ ref('ai_impact', 'claim_results') }}
),

final as (
    select
        {{ ai_impact.hash_key(['claim_source', 'experiment_id', 'use_case_id', 'kpi', 'treatment_arm']) }} as claim_key,
        claim_source,
        experiment_id,
        use_case_id,
        kpi,
        treatment_arm,
        sentence,
        verdict,
        evidence_grade,
        is_causal,
        method,
        scale,
        estimate,
        ci_low,
        ci_high,
        p_value,
        p_value_family,
        guardrails,
        guardrail_status,
        sensitivity,
        e_value,
        e_value_limit,
        methods_agreeing,
        methods_compared,
        registration,
        cast(evidence_from as date) as evidence_from,
        cast(evidence_to as date) as evidence_to,
        is_stale,
        cast(stale_since as date) as stale_since,
        reason
    from claims
)

select * from final
