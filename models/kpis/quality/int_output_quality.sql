{#- What is known of the quality of what AI did for a completed task, one row per measure, and what came of the task. A
    task about a unit of the funnel converted where the unit reached the next stage within the window after it. -#}
{%- set text, double = dbt.type_string(), ai_impact.physical_type('double') -%}
{%- set units = ai_impact.quoted(ai_impact.same_kind(var('funnel_unit_type'))) -%}
{%- set stage = ai_impact.quoted([(var('funnel_stages') | map('lower') | list)[1]]) -%}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and execution_mode in ('ai_assisted', 'ai_autonomous')
),

task_calls as (
    select * from {{ ref('ai_impact', 'int_task_calls') }}
    where last_called_at is not null
),

edits as (
    select
        task_id,
        {{ ai_impact.exact_sum('edit_ratio') }} / count(*) as edit_ratio
    from {{ ref('ai_impact', 'stg_ai_events') }}
    where event_type = 'human_edit' and edit_ratio is not null and task_id is not null
    group by task_id
),

confidences as (
    select
        task_id,
        {{ ai_impact.exact_sum('confidence') }} / count(*) as confidence
    from {{ ref('ai_impact', 'fct_ai_calls') }}
    where is_model_call and confidence is not null and task_id is not null
    group by task_id
),

verdicts as (
    select
        task_id,
        max(is_failed) as is_failed
    from {{ ref('ai_impact', 'int_verdicts') }}
    where criterion = 'groundedness' and task_id is not null
    group by task_id
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

-- Where nobody ever reached the stage, nobody looked.
conversions as (
    select
        coalesce(known_ids.known_as, outcomes.unit_id) as unit_id,
        min(outcomes.occurred_at) as converted_at
    from {{ ref('ai_impact', 'stg_outcome_events') }} as outcomes
    left join known_ids on outcomes.unit_type = known_ids.id_type and outcomes.unit_id = known_ids.id
    where outcomes.unit_type in ({{ units }}) and lower(outcomes.name) = {{ stage }}
    group by 1
),

counted as (
    select count(*) as n_converted from conversions
),

seen as (
    select
        observed.observed_until,
        counted.n_converted
    from {{ ref('ai_impact', 'int_observed_until') }} as observed
    cross join counted
),

ended as (
    select
        tasks.*,
        {{ ai_impact.add_time('day', var('funnel_window_days'), 'tasks.completed_at') }} as converts_until,
        case when tasks.subject_type in ({{ units }}) then coalesce(known_ids.known_as, tasks.subject_id) end as unit_id
    from tasks
    left join known_ids on tasks.subject_type = known_ids.id_type and tasks.subject_id = known_ids.id
),

-- A unit that had converted before the task was done says nothing of it.
known as (
    select
        ended.task_id,
        {{ ai_impact.mapped('ended.use_case_id') }} as use_case_id,
        ended.completed_at,
        case when ended.rework_count > 0 then 1 else 0 end as is_reworked,
        case when ended.error_count > 0 then 1 else 0 end as has_error,
        case
            when ended.unit_id is null or seen.n_converted = 0 or ended.converts_until > seen.observed_until then null
            when conversions.converted_at < ended.completed_at then null
            when conversions.converted_at <= ended.converts_until then 1
            else 0
        end as is_converted,
        edits.edit_ratio,
        confidences.confidence,
        case verdicts.is_failed when 0 then 'grounded' when 1 then 'not grounded' end as groundedness,
        task_calls.prompt_version,
        task_calls.response_model
    from ended
    cross join seen
    left join conversions on ended.unit_id = conversions.unit_id
    left join task_calls on ended.task_id = task_calls.task_id
    left join edits on ended.task_id = edits.task_id
    left join confidences on ended.task_id = confidences.task_id
    left join verdicts on ended.task_id = verdicts.task_id
),

final as (
    {% for measure in ['edit_ratio', 'confidence', 'groundedness', 'prompt_version', 'response_model'] %}
        {%- set edges = ai_impact.quality_edges().get(measure) %}
        select
            task_id,
            use_case_id,
            completed_at,
            is_reworked,
            has_error,
            is_converted,
            '{{ measure }}' as quality_measure,
            {% for side in [0, 1] -%}
                cast({{ ai_impact.bin_end(measure, edges, side) if edges else 'null' }} as {{ double }})
                    as {{ ['quality_from', 'quality_to'][side] }},
            {% endfor -%}
            cast({{ ai_impact.bin_name(measure, edges) if edges else measure }} as {{ text }}) as quality_bin
        from known
        where {{ measure }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
