-- What both case studies read: each effect planted in the demo company beside its headline estimate, or the reason why
-- there is none, in the unit in which a page says it. Only the demo knows the truth, so this is no model.
create or replace temporary view planted_numbers as
with reasons as (
    select
        experiment_id,
        metric_id,
        scale,
        min(reason) as reason
    from impact_estimates
    where segment = 'all' and estimate is null
    group by experiment_id, metric_id, scale
),

planted as (
    select
        truth.experiment_id,
        truth.metric_id,
        truth.scale,
        truth.true_value,
        headlines.estimate,
        headlines.ci_low,
        headlines.ci_high,
        headlines.mean_control,
        headlines.mean_treatment,
        headlines.evidence_grade,
        headlines.method,
        case when headlines.estimate is null then reasons.reason else headlines.reason end as reason
    from raw.demo_truth as truth
    left join impact_estimates as headlines
        on
            truth.experiment_id = headlines.experiment_id
            and truth.metric_id = headlines.metric_id
            and truth.scale = headlines.scale
            and headlines.segment = 'all'
            and headlines.is_headline
    left join reasons
        on
            truth.experiment_id = reasons.experiment_id
            and truth.metric_id = reasons.metric_id
            and truth.scale = reasons.scale
    where truth.estimand in ('ate', 'att')
),

numbers (page, place, number_name, experiment_id, metric_id, scale, unit, factor, shift) as (
    values
    ('incident_triage', 1, 'Hours to resolve an incident', 'incident_triage', 'mttr_hours', 'relative', 'percent', 100, 0),
    ('incident_triage', 2, 'Incidents that a team handles', 'incident_triage', 'incidents_handled', 'relative', 'times', 1, 1),
    ('incident_triage', 4, 'Labour hours of an incident', 'incident_triage', 'human_hours_per_incident', 'relative', 'percent', 100, 0),
    ('incident_triage', 8, 'Accounts that leave', 'account_outreach', 'churn_rate', 'relative', 'percent', 100, 0),
    ('marketing', 1, 'Emails per labour hour', 'email_drafting', 'throughput_per_labour_hour', 'relative', 'times', 1, 1),
    ('marketing', 2, 'Hours to draft', 'email_drafting', 'time_to_draft', 'relative', 'percent', 100, 0),
    ('marketing', 3, 'Emails sent back', 'email_drafting', 'rework_rate', 'absolute', 'points', 100, 0),
    ('marketing', 4, 'Errors per email', 'email_drafting', 'error_rate', 'absolute', 'points', 100, 0),
    ('marketing', 5, 'Leads that qualify', 'email_drafting', 'mql_rate', 'relative', 'percent', 100, 0),
    ('marketing', 7, 'Accounts that convert on a landing page', 'landing_page', 'page_conversion_rate', 'relative', 'percent', 100, 0),
    ('marketing', 8, 'Deals won by AI and a person, against AI alone', 'positioning', 'win_rate', 'absolute', 'points', 100, 0),
    ('marketing', 11, 'Labour hours of those who chose AI', 'sales_research', 'human_hours_per_task', 'relative', 'percent', 100, 0)
)

select
    numbers.page,
    numbers.place,
    numbers.number_name,
    numbers.unit,
    numbers.factor * planted.true_value + numbers.shift as truth,
    numbers.factor * planted.estimate + numbers.shift as estimate,
    numbers.factor * planted.ci_low + numbers.shift as ci_low,
    numbers.factor * planted.ci_high + numbers.shift as ci_high,
    planted.mean_control as level_without,
    planted.mean_treatment as level_with,
    planted.evidence_grade,
    planted.method,
    'impact_estimates' as mart,
    planted.reason
from numbers
inner join planted on
    numbers.experiment_id = planted.experiment_id
    and numbers.metric_id = planted.metric_id
    and numbers.scale = planted.scale;
