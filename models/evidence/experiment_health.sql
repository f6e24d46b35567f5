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

-- A warning only: the grade has decided which estimate is quoted.
agreement_checks as (
    select
        experiment_id,
        'methods_agree' as check_id,
        cast(count(case when not do_intervals_overlap then 1 end) as {{ ai_impact.physical_type('double') }})
            as statistic,
        cast(null as {{ ai_impact.physical_type('double') }}) as p_value,
        cast(0 as {{ ai_impact.physical_type('double') }}) as threshold,
        count(case when not do_intervals_overlap then 1 end) = 0 as passed,
        case
            when count(case when not do_intervals_overlap then 1 end) = 0
                then 'The estimates of the same question agree within their intervals, where they are of grade A to C.'
            else
                cast(count(case when not do_intervals_overlap then 1 end) as {{ dbt.type_string() }})
                || ' of ' || cast(count(*) as {{ dbt.type_string() }})
                || ' comparisons of grade A to C go apart beyond their intervals, as '
                || min(case when not do_intervals_overlap then pair end)
                || '. See estimate_agreement; the grade decides which is quoted.'
        end as detail
    from agreement
    group by experiment_id
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
