{#- The estimate that is quoted, in the metric's unit, for each row of the seed roi_terms. -#}
{%- set window_days = 'cast(metrics.window_days as ' ~ dbt.type_int() ~ '), '
    ~ ai_impact.days_from('experiments.starts_at', 'experiments.ends_at') -%}
with terms as (
    select * from {{ ref('roi_terms') }}
),

estimates as (
    select * from {{ ref('impact_estimates') }}
    where segment = 'all'
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

absolutes as (
    select * from estimates
    where is_headline and scale = 'absolute'
),

relatives as (
    select * from estimates
    where is_headline and scale = 'relative'
),

-- Without an estimate there is a reason, mostly one for all methods.
questions as (
    select
        experiment_id,
        metric_id,
        count(distinct treatment_arm) as n_arms,
        min(treatment_arm) as first_arm,
        min(case when scale = 'absolute' then reason end) as reason
    from estimates
    group by experiment_id, metric_id
),

asked as (
    select
        terms.*,
        questions.n_arms > 1 and terms.treatment_arm is null as lacks_arm,
        questions.reason as reason_of_none,
        coalesce(terms.treatment_arm, case when questions.n_arms = 1 then questions.first_arm end, '') as asked_arm
    from terms
    left join questions on terms.experiment_id = questions.experiment_id and terms.metric_id = questions.metric_id
),

found as (
    select
        asked.use_case_id,
        asked.term,
        asked.experiment_id,
        asked.metric_id,
        asked.basis,
        absolutes.treatment_arm,
        absolutes.method,
        absolutes.estimate,
        absolutes.ci_low,
        absolutes.ci_high,
        absolutes.alpha,
        absolutes.mean_control,
        absolutes.mean_treatment,
        relatives.ci_low as relative_ci_low,
        relatives.ci_high as relative_ci_high,
        relatives.std_error as relative_std_error,
        metrics.transform,
        metrics.direction,
        absolutes.evidence_grade,
        absolutes.verdict,
        case
            when asked.lacks_arm then 'The experiment has several treatment arms: name one in the seed roi_terms.'
            when absolutes.estimate is null then asked.reason_of_none
            else absolutes.reason
        end as reason,
        experiments.ends_at,
        {{ ai_impact.greatest(['1', 'coalesce(' ~ window_days ~ ')']) }} as window_days
    from asked
    left join experiments on asked.experiment_id = experiments.experiment_id
    left join metrics on asked.metric_id = metrics.metric_id
    left join absolutes
        on
            asked.experiment_id = absolutes.experiment_id
            and asked.metric_id = absolutes.metric_id
            and asked.asked_arm = coalesce(absolutes.treatment_arm, '')
    left join relatives
        on
            absolutes.experiment_id = relatives.experiment_id
            and absolutes.metric_id = relatives.metric_id
            and coalesce(absolutes.treatment_arm, '') = coalesce(relatives.treatment_arm, '')
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'term', 'experiment_id', 'metric_id']) }} as roi_effect_key,
        {% for column in [
            'use_case_id', 'term', 'experiment_id', 'metric_id', 'basis', 'treatment_arm', 'method', 'estimate',
            'ci_low', 'ci_high', 'alpha', 'mean_control', 'mean_treatment', 'relative_ci_low',
            'relative_ci_high', 'relative_std_error'
        ] -%}
            {{ column }},
        {% endfor -%}
        cast(transform as {{ dbt.type_string() }}) as transform,
        direction,
        evidence_grade,
        verdict,
        reason,
        ends_at,
        cast(window_days as {{ dbt.type_int() }}) as window_days
    from found
)

select * from final
