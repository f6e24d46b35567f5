{#- Calls within one another, and which of their figures count, each by itself. A parent repeats what its children say:
    where they all say it, the parent's does not count; where one of them does not, the parent's does, and theirs don't. -#}
{%- set figures, rounds = ai_impact.span_figures(), ai_impact.span_rounds() -%}
with parents as (
    select * from {{ ref('ai_impact', 'int_span_parents') }}
),

calls as (
    select * from {{ ref('ai_impact', 'stg_ai_events') }}
),

members as (
    select call_key from parents
    {{ ai_impact.union_distinct() }}
    select parent_key from parents
),

spans as (
    select
        members.call_key,
        calls.*,
        {{ ai_impact.is_bare_tool('calls') }} as is_bare_tool
    from members
    inner join calls on members.call_key = calls.event_key
),

pairs_0 as (
    select
        call_key,
        parent_key as ancestor_key,
        1 as distance
    from parents
),

{% for round in range(rounds) -%}
    pairs_{{ round + 1 }} as (
        select * from pairs_{{ round }}
        {{ ai_impact.union_distinct() }}
        select
            near.call_key,
            far.ancestor_key,
            near.distance + far.distance
        from pairs_{{ round }} as near
        inner join pairs_{{ round }} as far on near.ancestor_key = far.call_key
        where near.call_key <> far.ancestor_key
    ),

{% endfor -%}
-- What the spans above each one say, and how near.
above as (
    select
        pairs.call_key,
        {% for figure in figures -%}
            min(case when ancestors.{{ figure }} is not null then pairs.distance end) as nearest_{{ figure }},
        {% endfor -%}
        case when min(ancestors.task_id) = max(ancestors.task_id) then min(ancestors.task_id) end as task_id,
        case when min(ancestors.use_case_id) = max(ancestors.use_case_id) then min(ancestors.use_case_id) end
            as use_case_id
    from pairs_{{ rounds }} as pairs
    inner join spans as ancestors on pairs.ancestor_key = ancestors.call_key
    group by pairs.call_key
),

containers as (
    select distinct pairs.ancestor_key
    from pairs_{{ rounds }} as pairs
    inner join spans on pairs.call_key = spans.call_key
    where not spans.is_bare_tool
),

-- Whether everything within a parent is reported below it, on the path to each of its leaf spans.
reported as (
    select
        {% for figure in figures -%}
            min(case
                when leaves.{{ figure }} is not null or above.nearest_{{ figure }} < pairs.distance then 1 else 0
            end) as reported_{{ figure }},
        {% endfor -%}
        pairs.ancestor_key
    from pairs_{{ rounds }} as pairs
    inner join spans as leaves on pairs.call_key = leaves.call_key
    inner join above on leaves.call_key = above.call_key
    left join containers on leaves.call_key = containers.ancestor_key
    where containers.ancestor_key is null and not leaves.is_bare_tool
    group by pairs.ancestor_key
),

covered as (
    select
        {% for figure in figures -%}
            max(case when ancestors.{{ figure }} is not null and reported.reported_{{ figure }} = 0 then 1 else 0 end)
                as covered_{{ figure }},
        {% endfor -%}
        pairs.call_key
    from pairs_{{ rounds }} as pairs
    inner join spans as ancestors on pairs.ancestor_key = ancestors.call_key
    inner join reported on pairs.ancestor_key = reported.ancestor_key
    group by pairs.call_key
),

final as (
    select
        spans.call_key,
        coalesce(spans.task_id, above.task_id) as task_id,
        coalesce(spans.use_case_id, above.use_case_id) as use_case_id,
        {% for figure in figures -%}
            not spans.is_bare_tool
            and coalesce(covered.covered_{{ figure }}, 0) = 0
            and (
                reported.ancestor_key is null
                or (spans.{{ figure }} is not null and reported.reported_{{ figure }} = 0)
            )
                as counts_{{ figure }},
        {% endfor -%}
        reported.ancestor_key is not null as is_parent
    from spans
    left join above on spans.call_key = above.call_key
    left join reported on spans.call_key = reported.ancestor_key
    left join covered on spans.call_key = covered.call_key
)

select * from final
