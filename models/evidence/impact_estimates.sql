{#- What is quoted: of estimates with an interval and a grade the registered method's, then the best graded, then the
    first of the catalogue; and of its two scales the effect as a share. -#}
{%- set quoted_first = 'is_whole desc, is_registered desc, evidence_grade asc, method_rank asc, scale desc' -%}
{%- set carried = [
    'experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm', 'control_arm', 'metric_role', 'estimand', 'scale',
    'n_treatment', 'n_control', 'alpha', 'is_primary', 'is_preregistered', 'n_clusters_treatment', 'n_clusters_control',
    'inference', 'non_inferiority_margin', 'method_name'
] -%}
{%- set measured = [
    'estimate', 'std_error', 'ci_low', 'ci_high', 'p_value', 'p_value_adjusted', 'mean_treatment', 'mean_control',
    'evidence_grade', 'sequential_ci_low', 'sequential_ci_high', 'sequential_p_value', 'interim_bound',
    'probability_better', 'expected_loss', 'non_inferiority_p_value', 'is_non_inferior', 'heterogeneity_p_value',
    'heterogeneity_p_value_adjusted', 'sequential_p_value_adjusted'
] -%}
with estimates as (
    select * from {{ ref('ai_impact', 'design_estimates') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

catalogue as (
    select * from {{ ref('ai_impact', 'method_catalogue') }}
),

-- A small arm would reveal what its people did, so it gets a reason instead of a number.
shown as (
    select
        estimates.*,
        catalogue.method_name,
        catalogue.method_rank,
        registered.absolute_method as registered_method,
        coalesce(registered.absolute_method = catalogue.absolute_method, false) as is_registered,
        {{ ai_impact.is_below_k('experiments', 'estimates') }} as is_below_k
    from estimates
    left join catalogue on estimates.method = catalogue.method
    left join experiments on estimates.experiment_id = experiments.experiment_id
    left join catalogue as registered on experiments.primary_method = registered.method
),

judged as (
    select
        {% for column in carried + ['method_rank', 'registered_method', 'is_registered'] -%}
            {{ column }},
        {% endfor -%}
        case when is_below_k then 'not_estimated' else verdict end as verdict,
        {{ ai_impact.mask_small_groups(measured, 'shown') }},
        {{ ai_impact.reason_of_few_people('shown') }} as reason,
        not is_below_k and shown.estimate is not null and shown.ci_low is not null and shown.ci_high is not null
        and shown.evidence_grade is not null as is_whole
    from shown
),

placed as (
    select
        *,
        is_whole and row_number() over (
            partition by experiment_id, metric_id, segment, treatment_arm, scale order by {{ quoted_first }}
        ) = 1 as is_headline,
        is_whole and row_number() over (
            partition by experiment_id, metric_id, segment, treatment_arm order by {{ quoted_first }}
        ) = 1 as is_quoted
    from judged
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm']) }} as estimate_key,
        {% for column in carried + measured + ['verdict', 'is_headline', 'is_quoted'] -%}
            {{ column }},
        {% endfor -%}
        case
            when is_headline and registered_method is not null and not is_registered
                then
                    coalesce(reason || ' ', '') || 'Quoted in place of the registered method ' || registered_method
                    || ', which has no estimate with an interval on this scale.'
            else reason
        end as reason
    from placed
)

select * from final
