{#- The estimates that the seed roi_terms names, and which of them count: of each use case and term one, the best
    graded, then the newest, so that no benefit is counted twice. -#}
{%- set grades = var('roi_evidence_grades') -%}
with candidates as (
    select * from {{ ref('roi_candidates') }}
),

chosen as (
    select
        *,
        coalesce(estimate is not null and evidence_grade in ({{ ai_impact.quoted(grades) }}), false) as is_admitted,
        row_number() over (
            partition by use_case_id, term
            order by
                case when estimate is null then 1 else 0 end asc,
                evidence_grade asc,
                ends_at desc,
                experiment_id asc,
                metric_id asc
        ) as choice
    from candidates
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
        direction,
        evidence_grade,
        verdict,
        reason,
        window_days,
        cast(choice as bigint) as choice,
        is_admitted and choice = 1 as is_counted,
        case
            when not is_admitted
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is beside the return, not in it: its evidence has grade ' || coalesce(evidence_grade, '(none)')
                    || ', and the var roi_evidence_grades admits {{ grades | join(", ") }}.'
            when choice > 1
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is not added: a stronger or newer estimate of the same term counts.'
        end as not_counted_because
    from chosen
)

select * from final
