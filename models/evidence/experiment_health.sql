with experiment_checks as (
    select * from {{ ref('experiment_checks') }}
),

series_checks as (
    select * from {{ ref('series_checks') }}
),

quasi_checks as (
    select * from {{ ref('quasi_checks') }}
),

checks as (
    select * from experiment_checks
    union all
    select * from series_checks
    union all
    select * from quasi_checks
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'check_id']) }} as check_key,
        experiment_id,
        check_id,
        statistic,
        p_value,
        threshold,
        passed,
        detail
    from checks
)

select * from final
