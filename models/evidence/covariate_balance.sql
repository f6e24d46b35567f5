with balance as (
    select * from {{ ref('experiment_balance') }}
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
