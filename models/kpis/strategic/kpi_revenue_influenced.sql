{#- Revenue of closed deals that an AI decision came before, less what as many deals brought on average in the
    baseline window. A comparison with before, not an effect: see the experiment. -#}
with earned as (
    select * from {{ ref('ai_impact', 'int_influenced_opportunities') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
    where kpi_id = 'incremental_revenue_influenced'
),

summed as (
    select
        periods.period_key,
        periods.period_grain,
        count(*) as n_all_seen,
        count(earned.revenue) as n_all,
        max(earned.problem) as all_problem,
        {{ ai_impact.exact_sum('earned.revenue') }} as all_revenue,
        {{ ai_impact.exact_sum('earned.revenue * earned.revenue') }} as all_squares,
        count(case when earned.is_influenced then 1 end) as n_total,
        count(case when earned.is_influenced is null then 1 end) as n_unplaced,
        count(case when earned.is_influenced then earned.revenue end) as n,
        max(case when earned.is_influenced then earned.problem end) as problem,
        {{ ai_impact.exact_sum('case when earned.is_influenced then earned.revenue end') }} as revenue,
        {{ ai_impact.exact_sum('case when earned.is_influenced then earned.revenue * earned.revenue end') }} as squares
    from earned
    inner join periods on earned.closed_on = periods.date_day
    inner join catalog on periods.baseline_of in ({{ ai_impact.rollup_label() }}, catalog.baseline_use_case_id)
    group by periods.period_key, periods.period_grain
),

expected as (
    select
        n_all * 1e0 as expected_n,
        all_revenue as expected_total,
        all_squares as expected_squares,
        'In the baseline window ' || {{ ai_impact.left_out_reason('n_all', 'n_all_seen', 'all_problem') }} as left_out
    from summed
    where period_grain = 'baseline'
),

compared as (
    select
        summed.period_key,
        summed.n,
        summed.n * 1e0 as influenced_n,
        summed.revenue as influenced_total,
        summed.squares as influenced_squares,
        expected.expected_n,
        expected.expected_total,
        expected.expected_squares,
        {{ ai_impact.said_together([
            ai_impact.left_out_reason('summed.n', 'summed.n_total', 'summed.problem'),
            'expected.left_out',
            ai_impact.counted_sentence(
                'Closed deals without an account_id, of which nobody knows whether a decision came before', 'summed.n_unplaced'
            )
        ]) }} as left_out
    from summed
    left join expected on true
    where summed.period_grain <> 'baseline' and summed.n_total + summed.n_unplaced > 0
),

-- How many deals are influenced is given: their revenues vary, and so does the expectation.
spreads as (
    select
        *,
        {{ ai_impact.difference_of_means('influenced', 'expected') }}
    from compared
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        'incremental_revenue_influenced' as kpi_id,
        cast(n * difference as {{ ai_impact.physical_type('double') }}) as value,
        cast(influenced_total as {{ ai_impact.physical_type('double') }}) as numerator,
        case
            when n > 0 then cast(n * expected_total / nullif(expected_n, 0) as {{ ai_impact.physical_type('double') }})
        end as denominator,
        cast(n as bigint) as n,
        {{ ai_impact.interval('n * ' ~ ai_impact.skewed_bound(-1), 'n * ' ~ ai_impact.skewed_bound(1)) }},
        case
            when coalesce(expected_n, 0) = 0 then 'No deal of known revenue closed in the baseline window.'
            else {{ ai_impact.said_together(['left_out', ai_impact.too_few_events()]) }}
        end as reason
    from spreads
)

select * from final
