{#- Which span contains which, within one trace: by the id of the parent; where that is not given, or not in the data,
    by the kind of the operation: a call of a model belongs to the agents of its trace, an agent to its workflows.
    Few traces have such spans, and only those are read on. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with calls as (
    select
        event_key as call_key,
        trace_id,
        span_id,
        nullif(parent_span_id, '') as parent_span_id,
        {{ ai_impact.span_level('operation_name') }} as span_level
    from {{ ref('ai_impact', 'stg_ai_events') }}
    where event_type = 'model_call' and trace_id is not null
),

traces as (
    select
        trace_id,
        max(case when parent_span_id is not null then 1 else 0 end) as has_parents,
        max(case when span_level = 1 then 1 else 0 end) as has_agents
    from calls
    where parent_span_id is not null or span_level > 0
    group by trace_id
),

spans as (
    select
        calls.*,
        traces.has_parents,
        case when calls.span_level < 1 and traces.has_agents = 1 then 1 else 2 end as level_above
    from calls
    inner join traces on calls.trace_id = traces.trace_id
),

by_id as (
    select distinct
        children.call_key,
        parents.call_key as parent_key
    from spans as children
    inner join spans as parents
        on
            children.trace_id = parents.trace_id
            and children.parent_span_id = parents.span_id
    where children.call_key <> parents.call_key
),

-- Where a trace names parents, a span without one is its root.
without_parent as (
    select spans.*
    from spans
    left join by_id on spans.call_key = by_id.call_key
    where by_id.call_key is null and (spans.parent_span_id is not null or spans.has_parents = 0)
),

by_kind as (
    select
        children.call_key,
        parents.call_key as parent_key
    from without_parent as children
    inner join spans as parents
        on
            children.trace_id = parents.trace_id
            and children.level_above = parents.span_level
    where children.span_level < parents.span_level
),

final as (
    select * from by_id
    union all
    select * from by_kind
)

select * from final
