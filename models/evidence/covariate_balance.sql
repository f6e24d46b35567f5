with experiment_balance as (
    select * from {{ ref('experiment_balance') }}
),

matched_balance as (
    select * from {{ ref('matched_balance') }}
),

-- Matched units are weighted: theirs is the balance that the weights leave.
balance as (
    select * from experiment_balance
    where experiment_id not in (select matched_balance.experiment_id from matched_balance)
    union all
    select * from matched_balance
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'covariate', 'treatment_arm']) }} as balance_key,
        experiment_id,
        covariate,
        treatment_arm,
        n_treatment,
        n_control,
        mean_treatment,
        mean_control,
        smd_before,
        smd_after,
        variance_ratio,
        is_balanced,
        reason
    from balance
)

select * from final
