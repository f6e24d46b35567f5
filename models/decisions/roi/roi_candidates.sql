{#- The estimate that is quoted, in the metric's unit, for each row of the seed roi_terms, what its claim makes of it,
    and why its basis does not fit its metric, where it doesn't. -#}
{%- set panels = "('did', 'staggered_did', 'geo')" -%}
{%- set built_in = ai_impact.measure_names().values() | sum(start=[]) -%}
{%- set window_days = 'cast(metrics.window_days as ' ~ dbt.type_int() ~ '), '
    ~ ai_impact.days_from('experiments.starts_at', 'experiments.ends_at') -%}
with terms as (
    select * from {{ ref('ai_impact', 'roi_terms') }}
),

estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
    where segment = 'all'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_metric_catalog') }}
),

claims as (
    select * from {{ ref('ai_impact', 'impact_claims') }}
    where claim_source = 'experiment'
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
        min(metric_role) as metric_role,
        min(case when scale = 'absolute' then reason end) as reason
    from estimates
    group by experiment_id, metric_id
),

asked as (
    select
        terms.*,
        questions.n_arms > 1 and terms.treatment_arm is null as lacks_arm,
        questions.reason as reason_of_none,
        questions.metric_role,
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
        cast(metrics.transform as {{ dbt.type_string() }}) as transform,
        metrics.aggregation,
        metrics.direction,
        metrics.unit_type as metric_unit_type,
        cast(metrics.numerator_measure as {{ dbt.type_string() }}) as numerator,
        cast(metrics.denominator_measure as {{ dbt.type_string() }}) as denominator,
        asked.metric_role,
        experiments.use_case_id as registered_use_case_id,
        experiments.design,
        experiments.unit_type,
        absolutes.evidence_grade,
        absolutes.verdict,
        claims.verdict as claim_verdict,
        claims.stale_since,
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
    left join claims
        on
            absolutes.experiment_id = claims.experiment_id
            and absolutes.metric_id = claims.kpi
            and coalesce(absolutes.treatment_arm, '') = coalesce(claims.treatment_arm, '')
),

judged as (
    select
        *,
        case
            when registered_use_case_id <> use_case_id
                then 'it is registered for ' || registered_use_case_id || ', and a result pays once.'
            when (term = 'revenue') <> (basis in ('per_unit', 'per_week'))
                then 'the basis ' || basis || ' does not pay ' || term || '.'
            when transform in ('log', 'log1p')
                then 'a difference of logarithms has no price. Name a metric of plain values.'
            when basis = 'per_unit' and aggregation not in ('mean', 'proportion', 'count')
                then
                    'a ' || aggregation || ' is no amount of a unit. '
                    || 'Name a metric of the aggregation mean, proportion or count.'
            when basis = 'per_unit' and design = 'time_series'
                then 'the effect on a series is paid per_week.'
            when basis = 'per_unit' and design in {{ panels }}
                then 'the design ' || design || ' gives the effect on a unit in one period, not over its whole window.'
            when basis = 'per_unit' and metric_unit_type <> unit_type
                then 'the metric is one of a ' || metric_unit_type || ', the experiment counts ' || unit_type || 's.'
            when basis = 'per_week' and design <> 'time_series'
                then 'per_week pays the effect on a series, and its design is ' || design || '.'
            {% for paid_by, top, bottom, way in [
                ('hours_per_task', 'human_hours', 'tasks_completed', 'down'),
                ('tasks_per_hour', 'tasks_completed', 'human_hours', 'up')
            ] -%}
                when
                    basis = '{{ paid_by }}'
                    and (
                        aggregation <> 'ratio'
                        or (numerator in ({{ ai_impact.quoted(built_in) }}) and numerator <> '{{ top }}')
                        or (denominator in ({{ ai_impact.quoted(built_in) }}) and denominator <> '{{ bottom }}')
                    )
                    then '{{ paid_by }} needs a ratio of {{ top }} to {{ bottom }}.'
                when basis = '{{ paid_by }}' and direction <> '{{ way }}'
                    then '{{ paid_by }} needs a metric whose direction is {{ way }}.'
            {% endfor -%}
        end as misfit
    from found
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
        transform,
        direction,
        metric_role,
        registered_use_case_id,
        evidence_grade,
        verdict,
        claim_verdict,
        stale_since,
        misfit,
        reason,
        ends_at,
        cast(window_days as {{ dbt.type_int() }}) as window_days
    from judged
)

select * from final
