-- The marketing case study: what was planted in the demo company, what was found, and whether the one lies in the other's
-- interval. docs/case_studies/marketing.md is written from it: make case-studies
with newest as (
    select max(period_end) as period_end from human_delta
    where period_grain = 'rolling_365d'
),

people as (
    select human_delta.* from human_delta as human_delta
    inner join newest on human_delta.period_end = newest.period_end
    where
        human_delta.period_grain = 'rolling_365d'
        and human_delta.use_case_id = 'positioning'
        and human_delta.kpi_id = 'decision_hit_rate'
),

returns as (
    select roi_summary.* from roi_summary as roi_summary
    inner join newest on roi_summary.period_end = newest.period_end
    where roi_summary.period_grain = 'rolling_365d' and roi_summary.use_case_id = 'email_drafting'
),

truth as (
    select * from raw.demo_truth
    where experiment_id = 'positioning' and metric_id in ('override_rate', 'override_success')
),

numbers as (
    select * exclude (page)
    from planted_numbers
    where page = 'marketing'
    union all
    select
        6,
        'Return on investment of email drafting',
        'percent',
        cast(null as double),
        100 * roi,
        100 * roi_ci_low,
        100 * roi_ci_high,
        cast(null as double),
        cast(null as double),
        case when revenue_grade > labour_grade then revenue_grade else labour_grade end,
        'simulation',
        'roi_summary',
        reason
    from returns
    union all
    select
        9,
        'Suggestions that people overrode',
        'percent of suggestions',
        100 * truth.true_value,
        people.override_rate,
        people.override_rate_ci_low,
        people.override_rate_ci_high,
        null,
        null,
        null,
        'share',
        'human_delta',
        null
    from people
    inner join truth on truth.metric_id = 'override_rate'
    union all
    select
        10,
        'Success of overridden against accepted suggestions',
        'points',
        100 * truth.true_value,
        people.override_delta,
        people.override_delta_ci_low,
        people.override_delta_ci_high,
        people.outcome_accepted / 100,
        people.outcome_overridden / 100,
        people.override_grade,
        'exact_matching',
        'human_delta',
        people.override_reason
    from people
    inner join truth on truth.metric_id = 'override_success'
)

select
    *,
    truth >= ci_low and truth <= ci_high as is_inside
from numbers
order by place
