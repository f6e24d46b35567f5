with estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
    where segment = 'all'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

arms as (
    select
        experiment_id,
        count(distinct treatment_arm) as n_arms
    from estimates
    group by experiment_id
),

placed as (
    select
        estimates.*,
        arms.n_arms,
        coalesce(experiments.design, 'unknown') as design,
        coalesce(experiments.use_case_id, estimates.experiment_id) as question
    from estimates
    inner join arms on estimates.experiment_id = arms.experiment_id
    left join experiments on estimates.experiment_id = experiments.experiment_id
    where estimates.is_headline or (estimates.estimate is not null and estimates.evidence_grade in ('A', 'B', 'C'))
),

-- Within an experiment all methods against the headline. Between experiments only shares, because units and periods
-- differ, and only of the same treatment: arms of one name, or the only arms there are. One that challenges another
-- champion, or that the other experiment has as its control, is another question.
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
            and compared.is_headline
            and placed.evidence_grade in ('A', 'B', 'C')
    where
        (
            placed.experiment_id = compared.experiment_id
            and coalesce(placed.treatment_arm, '') = coalesce(compared.treatment_arm, '')
            and not placed.is_headline
        )
        or (
            placed.experiment_id <> compared.experiment_id
            and compared.evidence_grade <= placed.evidence_grade
            and placed.scale = 'relative'
            and (
                placed.treatment_arm = compared.treatment_arm
                or (
                    placed.n_arms <= 1
                    and compared.n_arms <= 1
                    and coalesce(placed.treatment_arm, '') <> coalesce(compared.control_arm, '-')
                    and coalesce(placed.control_arm, '-') <> coalesce(compared.treatment_arm, '')
                )
            )
            and not (
                placed.design = 'champion_challenger'
                and compared.design = 'champion_challenger'
                and placed.control_arm <> compared.control_arm
            )
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
