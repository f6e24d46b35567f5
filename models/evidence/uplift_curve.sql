with scores as (
    -- A whole number, because engines write a double as a text in different ways.
    select
        *,
        cast(round(100 * share_targeted) as {{ dbt.type_int() }}) as percent_targeted
    from {{ ref('ai_impact', 'uplift_scores') }}
    where part = 'curve'
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

deciles as (
    select * from {{ ref('ai_impact', 'uplift_scores') }}
    where part = 'decile'
),

-- A step of the curve is half a decile. With four times k people in a decile's arm, hardly a half has fewer than k.
few as (
    select distinct
        deciles.experiment_id,
        deciles.metric_id,
        deciles.learner,
        deciles.treatment_arm
    from deciles
    inner join experiments on deciles.experiment_id = experiments.experiment_id
    where {{ ai_impact.is_below_k('experiments', 'deciles', 4 * var('k_anonymity')) }}
),

judged as (
    select
        scores.*,
        few.experiment_id is not null as is_below_k
    from scores
    left join few
        on
            scores.experiment_id = few.experiment_id
            and scores.metric_id = few.metric_id
            and scores.learner = few.learner
            and scores.treatment_arm = few.treatment_arm
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'metric_id', 'learner', 'treatment_arm', 'percent_targeted']) }}
            as curve_key,
        experiment_id,
        metric_id,
        learner,
        treatment_arm,
        share_targeted,
        {{ ai_impact.mask_small_groups([
            'gain', 'gain_ci_low', 'gain_ci_high', 'gain_at_random', 'qini', 'qini_ci_low', 'qini_ci_high', 'auuc',
            'policy_share', 'policy_value', 'policy_over_all', 'policy_over_all_ci_low', 'policy_over_all_ci_high'
        ], 'judged') }},
        case
            when judged.is_below_k
                then
                    'Fewer than {{ 4 * var("k_anonymity") }} people are in an arm of a decile: '
                    || 'the steps of the curve would reveal too few.'
            else judged.reason
        end as reason
    from judged
)

select * from final
