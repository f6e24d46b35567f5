-- The case study of incident triage: what was planted in the demo company, what was found, and whether the one lies in the
-- other's interval. docs/case_studies/incident_triage.md is written from it: make case-studies
with experiments as (
    select * from int_experiments
    where experiment_id = 'incident_triage'
),

kpis as (
    select * from kpi_values
    where
        kpi_id in ('uptime', 'incidents_prevented', 'incidents_per_engineer')
        and use_case_id is null and team_id is null and value is not null
),

periods as (
    select
        max(case when kpis.period_grain = 'rolling_90d' then kpis.period_end end) as newest_quarter,
        max(case when kpis.period_grain = 'rolling_365d' then kpis.period_end end) as newest_year,
        max(
            case
                when kpis.period_grain = 'rolling_90d' and kpis.period_end <= cast(experiments.starts_at as date)
                    then kpis.period_end
            end
        ) as quarter_before
    from kpis
    cross join experiments
),

-- Services whose team has it by now: what is planted for them is diluted by the others.
reached as (
    select
        avg(cast(case when assignments.arm = experiments.treatment_arm then 1 else 0 end as double)) as share
    from (select distinct service_id, team_id from fct_incidents) as services
    inner join int_assignments as assignments on services.team_id = assignments.unit_id
    inner join experiments on assignments.experiment_id = experiments.experiment_id
),

truth as (
    select
        max(case when metric_id = 'uptime_before' then true_value end) as uptime_before,
        max(case when metric_id = 'uptime_after' then true_value end) as uptime_after,
        max(case when metric_id = 'incidents_prevented' then true_value end) as incidents_prevented
    from raw.demo_truth
    where experiment_id = 'incident_triage'
),

numbers as (
    select * exclude (page)
    from planted_numbers
    where page = 'incident_triage'
    union all
    select
        3,
        'Incidents per engineer, before and after',
        'times',
        cast(null as double),
        kpis.value / kpis.baseline_value,
        kpis.ci_low / kpis.baseline_value,
        kpis.ci_high / kpis.baseline_value,
        kpis.baseline_value,
        kpis.value,
        'E',
        'before_and_after',
        'kpi_values',
        'All teams, with and without it: what is planted is for those that have it.'
    from kpis
    inner join periods on kpis.period_end = periods.newest_quarter
    where kpis.kpi_id = 'incidents_per_engineer' and kpis.period_grain = 'rolling_90d'
    union all
    select
        case when kpis.period_end = periods.newest_quarter then 6 else 5 end,
        case
            when kpis.period_end = periods.newest_quarter then 'Uptime of all services, newest 90 days'
            else 'Uptime of all services, before the first wave'
        end,
        'percent of the time',
        100 * case
            when kpis.period_end = periods.newest_quarter
                then truth.uptime_before + reached.share * (truth.uptime_after - truth.uptime_before)
            else truth.uptime_before
        end,
        kpis.value,
        kpis.ci_low,
        kpis.ci_high,
        cast(null as double),
        cast(null as double),
        cast(null as varchar),
        'level',
        'kpi_values',
        kpis.reason
    from kpis
    cross join truth
    cross join reached
    inner join periods on kpis.period_end in (periods.newest_quarter, periods.quarter_before)
    where kpis.kpi_id = 'uptime' and kpis.period_grain = 'rolling_90d'
    union all
    select
        7,
        'Incidents prevented in the newest 365 days',
        'incidents',
        truth.incidents_prevented,
        kpis.numerator,
        kpis.ci_low * kpis.denominator,
        kpis.ci_high * kpis.denominator,
        cast(null as double),
        cast(null as double),
        'E',
        'count',
        'kpi_values',
        'As the teams said when they wrote a playbook: nobody saw what did not happen.'
    from kpis
    cross join truth
    inner join periods on kpis.period_end = periods.newest_year
    where kpis.kpi_id = 'incidents_prevented' and kpis.period_grain = 'rolling_365d'
    union all
    select
        9,
        'Return on investment of incident triage, if the labour that is not shown was saved',
        'percent',
        cast(null as double),
        100 * roi.roi_with_not_shown,
        100 * roi.roi_with_not_shown_ci_low,
        100 * roi.roi_with_not_shown_ci_high,
        cast(null as double),
        cast(null as double),
        roi.labour_grade,
        'simulation',
        'roi_summary',
        roi.reason
    from roi_summary as roi
    inner join periods on roi.period_end = periods.newest_year
    where roi.period_grain = 'rolling_365d' and roi.use_case_id = 'incident_triage'
)

select
    *,
    truth >= ci_low and truth <= ci_high as is_inside
from numbers
order by place
