{#- The estimates that the seed roi_terms names, and which of them count: of each use case and term one, of those that
    nothing speaks against the best graded, then the newest, so that no benefit is counted twice. -#}
{%- set grades = var('roi_evidence_grades') -%}
with candidates as (
    select * from {{ ref('roi_candidates') }}
),

guardrails as (
    select * from {{ ref('roi_guardrails') }}
),

judged as (
    select
        candidates.*,
        case
            when candidates.estimate is null or candidates.ci_low is null or candidates.ci_high is null
                then 'not in the return: there is no estimate of it with an interval.'
            when candidates.transform in ('log', 'log1p')
                then 'not in the return: a difference of logarithms has no price. Name a metric of plain values.'
            when not coalesce(candidates.evidence_grade in ({{ ai_impact.quoted(grades) }}), false)
                then
                    'beside the return, not in it: its evidence has grade '
                    || coalesce(candidates.evidence_grade, '(none)')
                    || ', and the var roi_evidence_grades admits {{ grades | join(", ") }}.'
            when candidates.verdict = 'still_running'
                then 'beside the return, not in it: the experiment still runs.'
            when guardrails.worsened is not null
                then 'beside the return, not in it: the guardrail ' || guardrails.worsened || ' worsened.'
        end as obstacle
    from candidates
    left join guardrails on candidates.roi_effect_key = guardrails.roi_effect_key
),

chosen as (
    select
        *,
        -- Engines sort NULLs differently, so each key handles them.
        row_number() over (
            partition by use_case_id, term
            order by
                case when obstacle is null then 0 else 1 end asc,
                case when estimate is null or ci_low is null or ci_high is null then 1 else 0 end asc,
                coalesce(evidence_grade, 'Z') asc,
                case when ends_at is null then 1 else 0 end asc,
                ends_at desc,
                experiment_id asc,
                metric_id asc
        ) as choice
    from judged
),

final as (
    select
        roi_effect_key,
        use_case_id,
        term,
        experiment_id,
        metric_id,
        basis,
        treatment_arm,
        method,
        estimate,
        ci_low,
        ci_high,
        alpha,
        mean_control,
        mean_treatment,
        relative_ci_low,
        relative_ci_high,
        relative_std_error,
        direction,
        evidence_grade,
        verdict,
        reason,
        window_days,
        cast(choice as bigint) as choice,
        obstacle is null and choice = 1 as is_counted,
        case
            when obstacle is not null
                then 'The ' || term || ' by ' || metric_id || ' in ' || experiment_id || ' is ' || obstacle
            when choice > 1
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is not added: a stronger or newer estimate of the same term counts.'
        end as not_counted_because
    from chosen
)

select * from final
