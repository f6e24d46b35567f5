{#- The checks that are made of what units did, and not of how many were assigned to what. -#}
{%- set outcome_checks = [
    'pre_period_balance', 'pre_period_difference', 'power', 'novelty', 'parallel_trends', 'trend_sensitivity',
    'weighted_balance', 'overlap', 'placebo_outcome', 'hidden_cause', 'hidden_bias', 'synthetic_fit', 'placebo_date',
    'values_known', 'lost_by_arm', 'assigned_after_outcome'
] -%}
with design_checks as (
    select
        experiment_id,
        check_id,
        statistic,
        p_value,
        threshold,
        passed,
        detail
    from {{ ref('ai_impact', 'design_checks') }}
),

agreement as (
    select * from {{ ref('ai_impact', 'estimate_agreement') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where unit_type = 'person'
),

arms as (
    select
        experiment_id,
        arm,
        count(*) as units
    from {{ ref('ai_impact', 'int_assignments') }}
    group by experiment_id, arm
),

few as (
    select distinct arms.experiment_id
    from arms
    inner join experiments on arms.experiment_id = experiments.experiment_id
    where arms.units < {{ var('k_anonymity') }}
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
    select * from design_checks
    union all
    select * from agreement_checks
),

judged as (
    select
        checks.*,
        few.experiment_id is not null and checks.check_id in (
            {{ ai_impact.quoted(outcome_checks) }}
        ) as is_below_k
    from checks
    left join few on checks.experiment_id = few.experiment_id
),

final as (
    select
        {{ ai_impact.hash_key(['experiment_id', 'check_id']) }} as check_key,
        experiment_id,
        check_id,
        {{ ai_impact.mask_small_groups(['statistic', 'p_value'], 'judged') }},
        threshold,
        case when not is_below_k then passed end as passed,
        case
            when is_below_k then 'Fewer than {{ var("k_anonymity") }} people are in one of its arms.'
            else detail
        end as detail
    from judged
)

select * from final
