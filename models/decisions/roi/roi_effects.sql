{#- The estimates that the seed roi_terms names, and which of them count: of each use case and term one, the best
    graded, then the newest, so that no benefit is counted twice. -#}
{%- set methods = [
    'difference_in_means', 'staggered_did', 'doubly_robust', 'structural_series', 'cuped', 'post_stratified',
    'regression_adjusted', 'inverse_probability', 'overlap_weights', 'nearest_neighbour', 'exact_matching',
    'interrupted_series' ] -%}
{%- set grades = var('roi_evidence_grades') -%}
{%- set admitted = "'" ~ grades | join("', '") ~ "'" -%}
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
        metrics.direction,
        estimates.evidence_grade,
        estimates.verdict,
        estimates.reason,
        experiments.ends_at,
        greatest(1, coalesce(
            cast(metrics.window_days as {{ dbt.type_int() }}),
            {{ ai_impact.days_from('experiments.starts_at', 'experiments.ends_at') }}
        )) as window_days,
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
    left join estimates
        on
            terms.experiment_id = estimates.experiment_id
            and terms.metric_id = estimates.metric_id
            and estimates.scale = 'absolute'
            and (terms.treatment_arm is null or terms.treatment_arm = estimates.treatment_arm)
    left join relatives
        on
            estimates.experiment_id = relatives.experiment_id
            and estimates.metric_id = relatives.metric_id
            and estimates.treatment_arm = relatives.treatment_arm
            and estimates.method = 'difference_in_means'
),

chosen as (
    select
        *,
        coalesce(estimate is not null and evidence_grade in ({{ admitted }}), false) as is_admitted,
        row_number() over (
            partition by use_case_id, term
            order by
                case when estimate is null then 1 else 0 end asc,
                evidence_grade asc,
                ends_at desc,
                experiment_id asc,
                metric_id asc
        ) as choice
    from found
    where place = 1
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'term', 'experiment_id', 'metric_id']) }} as roi_effect_key,
        use_case_id,
        term,
        experiment_id,
        metric_id,
        basis,
        treatment_arm,
        method,
        estimate,
        ci_low,
        ci_high,
        alpha,
        mean_control,
        mean_treatment,
        relative_ci_low,
        relative_ci_high,
        direction,
        evidence_grade,
        verdict,
        reason,
        window_days,
        choice,
        is_admitted and choice = 1 as is_counted,
        case
            when not is_admitted
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is beside the return, not in it: its evidence has grade ' || coalesce(evidence_grade, '(none)')
                    || ', and the var roi_evidence_grades admits {{ grades | join(", ") }}.'
            when choice > 1
                then
                    'The ' || term || ' by ' || metric_id || ' in ' || experiment_id
                    || ' is not added: a stronger or newer estimate of the same term counts.'
        end as not_counted_because
    from chosen
)

select * from final
