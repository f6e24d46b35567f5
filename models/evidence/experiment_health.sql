with experiment_checks as (
    select * from {{ ref('experiment_checks') }}
),

series_checks as (
    select * from {{ ref('series_checks') }}
),

quasi_checks as (
    select * from {{ ref('quasi_checks') }}
),

agreement as (
    select * from {{ ref('estimate_agreement') }}
),

compared as (
    select
        experiment_id,
        count(*) as n,
        count(case when not do_intervals_overlap then 1 end) as n_apart,
        min(case when not do_intervals_overlap then pair end) as pair
    from agreement
    group by experiment_id
),

-- A warning only: the grade has decided which estimate is quoted.
agreement_checks as (
    select
        experiment_id,
        'methods_agree' as check_id,
        cast(n_apart as {{ ai_impact.physical_type('double') }}) as statistic,
        cast(null as {{ ai_impact.physical_type('double') }}) as p_value,
        cast(0 as {{ ai_impact.physical_type('double') }}) as threshold,
        n_apart = 0 as passed,
        case
            when n_apart = 0
                then 'The estimates of the same question agree within their intervals, where they are of grade A to C.'
            else
                cast(n_apart as {{ dbt.type_string() }}) || ' of '
                || {{ ai_impact.counted('n', 'comparison', 'comparisons') }} || ' of grade A to C '
                || case when n_apart = 1 then 'goes' else 'go' end || ' apart beyond the intervals, as ' || pair
                || '. See estimate_agreement; the grade decides which is quoted.'
        end as detail
    from compared
),

checks as (
    select * from experiment_checks
    union all
    select * from series_checks
    union all
    select * from quasi_checks
    union all
    select * from agreement_checks
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
