{#- The ledger: each claim, whether it may be said, what it rests on and since when it is stale. -#}
with {{ ai_impact.imports([
    'impact_claims', 'dim_use_cases', 'experiments', 'int_metric_catalog', 'int_kpi_catalog', 'method_catalogue'
]) }},

measured as (
    select distinct use_case_id from impact_claims
    where claim_source = 'experiment'
),

ranked as (
    select
        *,
        claim_source = 'experiment' as is_tested,
        {{ ai_impact.verdict_rank('verdict') }} as severity
    from impact_claims
),

final as (
    select
        ranked.claim_key as report_key,
        cast(row_number() over (
            order by ranked.severity, ranked.evidence_grade, ranked.kpi, ranked.claim_key
        ) as bigint) as place,
        {{ ai_impact.named('ranked', ['use_case', 'experiment']) }},
        ranked.kpi as kpi_id,
        coalesce(case when ranked.is_tested then int_metric_catalog.name else int_kpi_catalog.name end, ranked.kpi)
            as kpi,
        {{ ai_impact.verdict_name('ranked.verdict') }} as verdict_name,
        case ranked.severity when 1 then 'yes' when 2 then 'with its caveat' else 'no' end as may_be_said,
        {{ ai_impact.columns('ranked', [
            'evidence_grade', 'is_causal', 'scale', 'estimate', 'ci_low', 'ci_high', 'registration', 'guardrails',
            'guardrail_status', 'sensitivity', 'methods_agreeing', 'methods_compared', 'evidence_from', 'evidence_to', 'is_stale',
            'stale_since', 'reason', 'claim_source', 'use_case_id', 'experiment_id', 'sentence', 'verdict'
        ]) }},
        coalesce(method_catalogue.method_name, case when ranked.is_tested then ranked.method end, 'before and after')
            as method_name,
        -- A before and after of a use case that has an experiment adds nothing to it.
        ranked.is_tested or (measured.use_case_id is null and ranked.verdict <> 'not_shown') as is_listed,
        loads.as_of
    from ranked
    left join dim_use_cases on ranked.use_case_id = dim_use_cases.use_case_id
    left join experiments on ranked.experiment_id = experiments.experiment_id
    left join int_metric_catalog on ranked.kpi = int_metric_catalog.metric_id
    left join int_kpi_catalog on ranked.kpi = int_kpi_catalog.kpi_id
    left join method_catalogue on ranked.method = method_catalogue.method
    left join measured on ranked.use_case_id = measured.use_case_id
    cross join loads
)

select * from final
