{#- The estimates that the seed roi_terms names, and which of them count: of each use case and term one, by what was
    registered (the primary metric first), the grade and the date, never by its size. A gain counts where its claim
    shows it; a loss counts whether or not it is shown. -#}
{%- set grades = var('roi_evidence_grades') -%}
{%- set causal = "('A', 'B', 'C')" -%}
with candidates as (
    select * from {{ ref('ai_impact', 'roi_candidates') }}
),

guardrails as (
    select * from {{ ref('ai_impact', 'roi_guardrails') }}
),

seen as (
    select
        candidates.*,
        guardrails.worsened,
        coalesce(
            case when candidates.direction = 'down' then candidates.estimate < 0 else candidates.estimate > 0 end, false
        ) as is_gain,
        coalesce(
            case when candidates.direction = 'down' then candidates.ci_high < 0 else candidates.ci_low > 0 end, false
        ) as is_beyond_chance,
        candidates.estimate is not null and candidates.ci_low is not null and candidates.ci_high is not null
            as is_whole
    from candidates
    left join guardrails on candidates.roi_effect_key = guardrails.roi_effect_key
),

judged as (
    select
        *,
        is_whole and misfit is null as has_price,
        -- A guardrail has no claim: its own verdict speaks.
        is_gain and case
            when claim_verdict is not null then claim_verdict in ('proven', 'suggestive')
            when evidence_grade in {{ causal }} then coalesce(verdict = 'improved', false)
            else is_beyond_chance
        end as is_shown,
        case
            when not is_whole then 'not in the return: there is no estimate of it with an interval.'
            when misfit is not null then 'not in the return: ' || misfit
            when not coalesce(evidence_grade in ({{ ai_impact.quoted(grades) }}), false)
                then
                    'beside the return, not in it: its evidence has grade ' || coalesce(evidence_grade, '(none)')
                    || ', and the var roi_evidence_grades admits {{ grades | join(", ") }}.'
            when verdict = 'still_running' then 'beside the return, not in it: the experiment still runs.'
            when is_gain and worsened is not null
                then 'beside the return, not in it: the guardrail ' || worsened || ' worsened.'
            when is_gain and claim_verdict = 'invalid' then 'beside the return, not in it: its claim is invalid.'
        end as obstacle
    from seen
),

chosen as (
    select
        *,
        -- Engines sort NULLs differently, so each key handles them.
        row_number() over (
            partition by use_case_id, term
            order by
                case when obstacle is null then 0 else 1 end asc,
                case when is_whole then 0 else 1 end asc,
                case metric_role when 'primary' then 1 when 'secondary' then 2 else 3 end asc,
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
        claim_verdict,
        stale_since,
        reason,
        window_days,
        cast(choice as bigint) as choice,
        has_price,
        obstacle is null and choice = 1 as is_chosen,
        obstacle is null and choice = 1 and (is_shown or not is_gain) as is_counted,
        obstacle is null and choice = 1 and evidence_grade not in {{ causal }} as is_admitted_by_var,
        case
            when obstacle is not null
                then 'The ' || term || ' by ' || metric_id || ' in ' || experiment_id || ' is ' || obstacle
            when choice > 1
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is not added: another estimate of the same term counts, '
                    || 'by what was registered, its grade and its date.'
            when is_gain and not is_shown
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is beside the return, not in it: '
                    || case
                        when claim_verdict = 'contradicted' then 'another method clearly says the opposite.'
                        else 'it is not shown to be more than chance.'
                    end
        end as not_counted_because
    from chosen
)

select * from final
