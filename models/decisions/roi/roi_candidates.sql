{#- The estimate of each row of the seed roi_terms: of the methods the one that was planned, before any adjustment. -#}
{%- set methods = [
    'difference_in_means', 'staggered_did', 'doubly_robust', 'structural_series', 'cuped', 'post_stratified',
    'regression_adjusted', 'inverse_probability', 'overlap_weights', 'nearest_neighbour', 'exact_matching',
    'interrupted_series' ] -%}
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

relatives as (
    select * from estimates
    where method = 'relative_difference'
),

-- A row of the seed asks for one arm or for any: by equality, as some engines join on nothing else without fail.
asked as (
    {% for arm in ['treatment_arm', ai_impact.rollup_label()] -%}
        select
            *,
            {{ arm }} as asked_arm
        from estimates
        where scale = 'absolute'
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

found as (
    select
        terms.use_case_id,
        terms.term,
        terms.experiment_id,
        terms.metric_id,
        terms.basis,
        estimates.treatment_arm,
        estimates.method,
        estimates.estimate,
        estimates.ci_low,
        estimates.ci_high,
        estimates.alpha,
        estimates.mean_control,
        estimates.mean_treatment,
        relatives.ci_low as relative_ci_low,
        relatives.ci_high as relative_ci_high,
        relatives.std_error as relative_std_error,
        metrics.transform,
        metrics.direction,
        estimates.evidence_grade,
        estimates.verdict,
        estimates.reason,
        experiments.ends_at,
        {{ ai_impact.greatest(['1', 'coalesce(' ~ window_days ~ ')']) }} as window_days,
        row_number() over (
            partition by terms.use_case_id, terms.term, terms.experiment_id, terms.metric_id
            order by
                case estimates.method
                    {%- for method in methods %}
                        when '{{ method }}' then {{ loop.index }}
                    {%- endfor %}
                    else 99
                end,
                estimates.treatment_arm
        ) as place
    from terms
    left join experiments on terms.experiment_id = experiments.experiment_id
    left join metrics on terms.metric_id = metrics.metric_id
    left join asked as estimates
        on
            terms.experiment_id = estimates.experiment_id
            and terms.metric_id = estimates.metric_id
            and coalesce(terms.treatment_arm, {{ ai_impact.rollup_label() }}) = estimates.asked_arm
    left join relatives
        on
            estimates.experiment_id = relatives.experiment_id
            and estimates.metric_id = relatives.metric_id
            and estimates.treatment_arm = relatives.treatment_arm
            and estimates.method = 'difference_in_means'
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
    where place = 1
)

select * from final
