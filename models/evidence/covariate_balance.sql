with balance as (
    select * from {{ ref('ai_impact', 'design_balance') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
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
