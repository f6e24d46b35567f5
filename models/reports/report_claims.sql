{#- The ledger: each claim, whether it may be said, what it rests on and since when it is stale. -#}
with claims as (
    select * from {{ ref('impact_claims') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

experiments as (
    select * from {{ ref('experiments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

kpis as (
    select * from {{ ref('kpi_catalog') }}
),

methods as (
    select
        method,
        max(method_name) as method_name
    from {{ ref('impact_estimates') }}
    group by method
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

measured as (
    select distinct use_case_id from claims
    where claim_source = 'experiment'
),

final as (
    select
        claims.claim_key as report_key,
        row_number() over (
            order by
                case claims.verdict
                    when 'proven' then 1 when 'suggestive' then 2 when 'contradicted' then 3 when 'invalid' then 4 else 5
                end,
                claims.evidence_grade, case when claims.is_stale then 1 else 0 end, claims.kpi, claims.claim_key
        ) as place,
        claims.claim_source,
        claims.use_case_id,
        coalesce(use_cases.name, claims.use_case_id) as use_case,
        claims.experiment_id,
        coalesce(experiments.name, claims.experiment_id) as experiment,
        claims.kpi as kpi_id,
        coalesce(metrics.name, kpis.name, claims.kpi) as kpi,
        claims.sentence,
        claims.verdict,
        case claims.verdict
            when 'proven' then 'Proven' when 'suggestive' then 'Suggestive' when 'contradicted' then 'Contradicted'
            when 'invalid' then 'Invalid' when 'not_shown' then 'Not shown' else replace(claims.verdict, '_', ' ')
        end as verdict_name,
        case claims.verdict
            when 'proven' then 'yes' when 'suggestive' then 'with its caveat' else 'no'
        end as may_be_said,
        claims.evidence_grade,
        claims.is_causal,
        claims.scale,
        claims.estimate,
        claims.ci_low,
        claims.ci_high,
        case when claims.claim_source = 'experiment' then coalesce(methods.method_name, claims.method) else 'before and after' end
            as method_name,
        claims.registration,
        claims.guardrails,
        claims.guardrail_status,
        claims.sensitivity,
        claims.methods_agreeing,
        claims.methods_compared,
        claims.evidence_from,
        claims.evidence_to,
        claims.is_stale,
        claims.stale_since,
        -- A before and after of a use case that has an experiment adds nothing to it.
        claims.claim_source = 'experiment' or (measured.use_case_id is null and claims.verdict <> 'not_shown') as is_listed,
        claims.reason,
        loads.as_of
    from claims
    left join use_cases on claims.use_case_id = use_cases.use_case_id
    left join experiments on claims.experiment_id = experiments.experiment_id
    left join metrics on claims.claim_source = 'experiment' and claims.kpi = metrics.metric_id
    left join kpis on claims.claim_source <> 'experiment' and claims.kpi = kpis.kpi_id
    left join methods on claims.method = methods.method
    left join measured on claims.use_case_id = measured.use_case_id
    cross join loads
)

select * from final
