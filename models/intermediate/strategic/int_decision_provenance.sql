{#- How well it is known where a decision came from: the weights of the rubric that the var `provenance_rubric`
    names, over those of its criteria that hold. What nobody recorded does not hold. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
),

rubrics as (
    select * from {{ ref('ai_impact', 'rubrics') }}
    where rubric_version = {{ ai_impact.quoted([var('provenance_rubric')]) }}
),

judged as (
    select
        decisions.decision_id,
        rubrics.weight,
        case rubrics.criterion
            when 'sources' then case when decisions.has_sources then 1 else 0 end
            when 'confidence' then case when decisions.has_confidence then 1 else 0 end
            when 'rationale' then case when decisions.has_rationale then 1 else 0 end
            when 'reviewer' then case when decisions.person_id is not null then 1 else 0 end
            when 'evidence'
                then case
                    when decisions.evidence_count >= rubrics.scale_max then 1
                    else cast(coalesce(decisions.evidence_count, 0) as {{ double }}) / nullif(rubrics.scale_max, 0)
                end
        end as share
    from decisions
    cross join rubrics
),

final as (
    select
        decision_id,
        cast(
            {{ ai_impact.safe_divide(
                ai_impact.exact_sum('weight * share'),
                ai_impact.exact_sum('case when share is not null then weight end')
            ) }} as {{ double }}
        ) as provenance_score
    from judged
    group by decision_id
)

select * from final
