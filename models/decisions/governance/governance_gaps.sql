{#- What use cases lack: an owner, a baseline, traceable decisions, a review. `governance_findings` has these with the
    rest. -#}
{%- set text = dbt.type_string() -%}
with use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where is_registered
),

provenance as (
    select * from {{ ref('ai_impact', 'int_untraceable_decisions') }}
    where without_provenance > 0
),

reviews as (
    select * from {{ ref('ai_impact', 'reviews_due') }}
    where is_due
),

found as (
    select
        'use_case_without_owner' as finding,
        use_case_id,
        'high' as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'Nobody answers for ' || use_case_id || ': name its owner in the seed use_cases.' as sentence
    from use_cases
    where owner is null or owner = ''
    union all
    select
        'use_case_without_baseline' as finding,
        use_case_id,
        'medium' as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'What AI changed in ' || use_case_id || ' cannot be compared with before: set baseline_from and baseline_to '
        || 'in the seed use_cases, 4 to 12 weeks that end before AI went live.' as sentence
    from use_cases
    where not has_baseline
    union all
    select
        'decisions_without_provenance' as finding,
        use_case_id,
        case
            when is_suppressed then 'medium'
            when without_provenance > decisions * 0.2 then 'high'
            when without_provenance > decisions * 0.05 then 'medium'
            else 'low'
        end as severity,
        case when not is_suppressed then cast(without_provenance as bigint) end as n,
        case when not is_suppressed then cast(decisions as bigint) end as total,
        case
            when is_suppressed
                then
                    'Some decisions in ' || use_case_id || ' cannot be traced (how many is not shown, because fewer '
                    || 'than {{ var("k_anonymity") }} people made them or the others)'
            else
                cast(without_provenance as {{ text }}) || ' of '
                || {{ ai_impact.counted('decisions', 'decision', 'decisions') }}
                || ' in ' || use_case_id || ' cannot be traced (' || cast(without_sources as {{ text }})
                || ' without sources, ' || cast(without_confidence as {{ text }}) || ' without confidence, '
                || cast(without_rationale as {{ text }}) || ' without rationale, '
                || cast(without_evidence as {{ text }}) || ' without evidence)'
        end || ': have the producer send them.' as sentence
    from provenance
    union all
    select
        cadence || '_review_due' as finding,
        use_case_id,
        case when cadence = 'quarterly' then 'high' else 'medium' end as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'The ' || cadence || ' review of ' || use_case_id || ' was due on ' || {{ ai_impact.to_text('due_on', 'date') }}
        || ': hold it, and enter it in the seed reviews.' as sentence
    from reviews
),

final as (
    select
        {{ ai_impact.hash_key(['finding', 'use_case_id']) }} as gap_key,
        finding,
        'use_case' as thing_type,
        use_case_id as thing_id,
        severity,
        n,
        total,
        sentence
    from found
)

select * from final
