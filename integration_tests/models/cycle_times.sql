-- A model of your own on a public model of the package: the median cycle time of each week.
select
    period_start as week,
    value as median_hours,
    ci_low,
    ci_high,
    n as tasks
from {{ ref('ai_impact', 'kpi_values') }}
where
    kpi_id = 'cycle_time_p50'
    and period_grain = 'week'
    and use_case_id = 'support'
    and team_id is null
