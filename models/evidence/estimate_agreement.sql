with estimates as (
    select * from {{ ref('impact_estimates') }}
    where segment = 'all' and estimate is not null and evidence_grade in ('A', 'B', 'C')
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

placed as (
    select
        estimates.*,
        coalesce(experiments.use_case_id, estimates.experiment_id) as question,
        row_number() over (
            partition by
                estimates.experiment_id, estimates.metric_id, estimates.treatment_arm, estimates.scale
            order by estimates.evidence_grade, {{ ai_impact.method_rank('estimates.method') }}
        ) as place
    from estimates
    left join experiments on estimates.experiment_id = experiments.experiment_id
),

-- Within an experiment all methods against its first; between experiments only shares: units and periods differ.
pairs as (
    select
        placed.*,
        compared.experiment_id as compared_experiment_id,
        compared.method as compared_method,
        compared.treatment_arm as compared_treatment_arm,
        compared.evidence_grade as compared_grade,
        compared.estimate as compared_estimate,
        compared.ci_low as compared_ci_low,
        compared.ci_high as compared_ci_high
    from placed
    inner join placed as compared
        on
            placed.question = compared.question
            and placed.metric_id = compared.metric_id
            and placed.scale = compared.scale
    where
        (
            placed.experiment_id = compared.experiment_id
            and coalesce(placed.treatment_arm, '') = coalesce(compared.treatment_arm, '')
            and compared.place = 1
            and placed.place > 1
        )
        or (
            placed.experiment_id <> compared.experiment_id
            and compared.is_headline
            and placed.scale = 'relative'
        )
),

final as (
    select
        {{ ai_impact.hash_key([
            'estimate_key', 'compared_experiment_id', 'compared_method', 'compared_treatment_arm'
        ]) }} as agreement_key,
        experiment_id,
        metric_id,
        scale,
        treatment_arm,
        method,
        estimand,
        evidence_grade,
        estimate,
        ci_low,
        ci_high,
        compared_experiment_id,
        compared_treatment_arm,
        compared_method,
        compared_grade,
        compared_estimate,
        compared_ci_low,
        compared_ci_high,
        ci_low <= compared_ci_high and compared_ci_low <= ci_high as do_intervals_overlap,
        metric_id || ' by ' || method || ' and by ' || compared_method || case
            when experiment_id <> compared_experiment_id then ' of ' || compared_experiment_id
            else ''
        end as pair
    from pairs
    -- An interval without a limit contradicts nothing.
    where ci_low is not null and ci_high is not null and compared_ci_low is not null and compared_ci_high is not null
)

select * from final
