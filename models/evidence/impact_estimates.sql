with estimates as (
    select * from {{ ref('design_estimates') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

metrics as (
    select * from {{ ref('metric_catalog') }}
),

-- An arm of few people tells what they did: then there is a reason, and no number.
shown as (
    select
        estimates.*,
        coalesce(experiments.use_case_id, estimates.experiment_id) as asked_of,
        {{ ai_impact.registered_rank('estimates', 'experiments', 'metrics') }} as registered_rank,
        {{ ai_impact.is_below_k('experiments', 'estimates') }} as is_below_k
    from estimates
    left join experiments on estimates.experiment_id = experiments.experiment_id
    left join metrics on estimates.metric_id = metrics.metric_id
),

judged as (
    select
        {% for column in [
            'experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm', 'control_arm', 'metric_role', 'estimand',
            'scale', 'n_treatment', 'n_control', 'alpha', 'is_primary', 'is_preregistered', 'n_clusters_treatment',
            'n_clusters_control', 'inference', 'non_inferiority_margin', 'asked_of', 'registered_rank'
        ] -%}
            {{ column }},
        {% endfor -%}
        case when is_below_k then 'not_estimated' else verdict end as verdict,
        {{ ai_impact.mask_small_groups([
            'estimate', 'std_error', 'ci_low', 'ci_high', 'p_value', 'p_value_adjusted', 'mean_treatment', 'mean_control',
            'evidence_grade', 'sequential_ci_low', 'sequential_ci_high', 'sequential_p_value', 'interim_bound',
            'probability_better', 'expected_loss', 'non_inferiority_p_value', 'is_non_inferior',
            'heterogeneity_p_value', 'heterogeneity_p_value_adjusted', 'sequential_p_value_adjusted'
        ], 'shown') }},
        {{ ai_impact.reason_of_few_people('shown') }} as reason
    from shown
),

-- What was registered is quoted; of other methods the best graded, and of those the plainest.
placed as (
    select
        judged.*,
        row_number() over (
            partition by experiment_id, metric_id, segment, treatment_arm, scale
            order by {{ ai_impact.order_of_methods() }}
        ) as method_place
    from judged
),

-- Of several experiments on the same use case and metric, the best graded are quoted.
ranked as (
    select
        placed.*,
        min(case when method_place = 1 then evidence_grade end) over (
            partition by asked_of, metric_id, segment, scale
        ) as best_grade
    from placed
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm']) }} as estimate_key,
        {% for column in [
            'experiment_id', 'metric_id', 'method', 'segment', 'treatment_arm', 'control_arm', 'metric_role', 'estimand',
            'scale', 'estimate', 'std_error', 'ci_low', 'ci_high', 'p_value', 'p_value_adjusted', 'n_treatment',
            'n_control', 'mean_treatment', 'mean_control', 'alpha', 'is_primary', 'is_preregistered', 'evidence_grade',
            'verdict', 'reason', 'n_clusters_treatment', 'n_clusters_control', 'inference', 'sequential_ci_low',
            'sequential_ci_high', 'sequential_p_value', 'interim_bound', 'probability_better', 'expected_loss',
            'non_inferiority_margin', 'non_inferiority_p_value', 'is_non_inferior', 'heterogeneity_p_value',
            'heterogeneity_p_value_adjusted', 'sequential_p_value_adjusted'
        ] -%}
            {{ column }},
        {% endfor -%}
        method_place = 1 and estimate is not null and coalesce(evidence_grade = best_grade, false) as is_headline,
        cast(method_place as {{ dbt.type_bigint() }}) as method_place
    from ranked
)

select * from final
