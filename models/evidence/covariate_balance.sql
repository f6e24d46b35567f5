with experiment_balance as (
    select * from {{ ref('experiment_balance') }}
),

matched_balance as (
    select * from {{ ref('matched_balance') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
),

-- Matched units are weighted: theirs is the balance that the weights leave.
balance as (
    select * from experiment_balance
    where experiment_id not in (select matched_balance.experiment_id from matched_balance)
    union all
    select * from matched_balance
),

judged as (
    select
        balance.*,
        {{ ai_impact.is_below_k('experiments', 'balance') }} as is_below_k
    from balance
    left join experiments on balance.experiment_id = experiments.experiment_id
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'covariate', 'treatment_arm']) }} as balance_key,
        experiment_id,
        covariate,
        treatment_arm,
        n_treatment,
        n_control,
        {{ ai_impact.mask_small_groups(
            ['mean_treatment', 'mean_control', 'smd_before', 'smd_after', 'variance_ratio', 'is_balanced'], 'judged'
        ) }},
        {{ ai_impact.reason_of_few_people('judged') }} as reason
    from judged
)

select * from final
