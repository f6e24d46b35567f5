{#- Decisions of each use case that can't be traced; hidden where few people made what is counted, or what is left. -#}
{%- set lacks = ['sources', 'confidence', 'rationale', 'evidence'] -%}
{%- set few = 'between 1 and ' ~ (var('k_anonymity') - 1) -%}
with events as (
    select * from {{ ref('ai_impact', 'stg_decision_events') }}
),

reviewers as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
),

folded as (
    select
        decision_id,
        min({{ ai_impact.mapped('use_case_id') }}) as use_case_id,
        1 - max(case when has_sources then 1 else 0 end) as lacks_sources,
        1 - max(case when has_confidence then 1 else 0 end) as lacks_confidence,
        1 - max(case when has_rationale then 1 else 0 end) as lacks_rationale,
        1 - max(case when evidence_count > 0 then 1 else 0 end) as lacks_evidence
    from events
    group by decision_id
),

decisions as (
    select
        folded.*,
        {{ ai_impact.greatest(['lacks_sources', 'lacks_confidence', 'lacks_rationale', 'lacks_evidence']) }}
            as lacks_provenance,
        reviewers.person_id
    from folded
    left join reviewers on folded.decision_id = reviewers.decision_id
),

final as (
    select
        use_case_id,
        count(*) as decisions,
        {% for lack in lacks + ['provenance'] -%}
            cast(sum(lacks_{{ lack }}) as {{ dbt.type_bigint() }}) as without_{{ lack }},
        {% endfor -%}
        {% for lack in lacks + ['provenance'] -%}
            count(distinct case when lacks_{{ lack }} = 1 then person_id end) {{ few }}
            or count(distinct case when lacks_{{ lack }} = 0 then person_id end) {{ few }}{{ ' or ' if not loop.last }}
        {%- endfor %} as is_suppressed
    from decisions
    group by use_case_id
)

select * from final
