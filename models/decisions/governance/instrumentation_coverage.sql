{#- Whether what is done leaves its traces: AI tasks with calls, decisions with outcomes, experiments with an outcome at
    all. One row per check and subject, of what is at least 30 days old and at most 120. -#}
{%- set double = ai_impact.physical_type('double') -%}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where is_completed and execution_mode in ('ai_assisted', 'ai_autonomous')
),

calls as (
    select distinct task_id from {{ ref('ai_impact', 'fct_ai_calls') }}
    where is_model_call and task_id is not null
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
),

unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

observed as (
    select cast(observed_until as date) as last_day from {{ ref('ai_impact', 'int_observed_until') }}
),

counted as (
    select
        'source' as subject_type,
        'ai_events' as subject_id,
        'tasks_with_calls' as check_id,
        0.95e0 as threshold,
        count(calls.task_id) as traced,
        count(*) as total,
        ' done with AI in the last 120 days have a model call in ai_events that names them.' as words
    from tasks
    cross join observed
    left join calls on tasks.task_id = calls.task_id
    where {{ ai_impact.days_from('cast(tasks.completed_at as date)', 'observed.last_day') }} <= 120
    union all
    select
        'source' as subject_type,
        'decision_events' as subject_id,
        'decisions_with_outcomes' as check_id,
        0.5e0 as threshold,
        count(coalesce(decisions.outcome_label, cast(decisions.outcome_value as {{ dbt.type_string() }}))) as traced,
        count(*) as total,
        ' decided 30 to 120 days ago have an outcome_observed.' as words
    from decisions
    cross join observed
    where {{ ai_impact.days_from('cast(decisions.decided_at as date)', 'observed.last_day') }} between 30 and 120
    union all
    select
        'experiment' as subject_type,
        unit_metrics.experiment_id as subject_id,
        'units_with_outcomes' as check_id,
        0e0 as threshold,
        count(case when unit_metrics.numerator <> 0 then 1 end) as traced,
        count(*) as total,
        ' have an outcome of the primary metric other than 0.' as words
    from unit_metrics
    inner join experiments
        on
            unit_metrics.experiment_id = experiments.experiment_id
            and unit_metrics.metric_id = experiments.primary_metric_id
    group by unit_metrics.experiment_id
),

final as (
    select
        subject_type,
        subject_id,
        check_id,
        {{ ai_impact.safe_divide('traced', 'total') }} as figure,
        cast(threshold as {{ double }}) as threshold,
        case
            when traced = 0 then 'error'
            when traced < threshold * total then 'warning'
            else 'ok'
        end as state,
        cast(traced as {{ dbt.type_string() }}) || ' of ' || cast(total as {{ dbt.type_string() }}) || ' '
        || case check_id
            when 'tasks_with_calls' then 'tasks'
            when 'decisions_with_outcomes' then 'decisions'
            else 'units'
        end || words as sentence
    from counted
    where total > 0
)

select * from final
