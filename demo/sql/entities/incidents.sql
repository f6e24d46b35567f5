-- Alerts that reach the service teams. Without AI, most of the small ones expire before anyone looks: a team works twice
-- the incidents with AI. The large ones are always worked: they are what takes services down.
create or replace table incidents as
with numbered as (
    select i, draw('incident team', i, count_teams.n) as team_ix, u('major', i) < $triage_major_share as is_major, days.day
    from range($lo_alerts, $hi_alerts) as t (i)
    cross join (select count(*) as n from teams where area = 'service') as count_teams
    join day_lookup as days on days.window_name = 'flat' and days.bucket = bucket('incident day', t.i)
),
opened as (
    select
        numbered.*,
        teams.team_id,
        teams.people,
        teams.wave_at,
        teams.wave_at is not null and any_time(numbered.day, 'incident time', numbered.i) >= teams.wave_at as is_treated,
        any_time(numbered.day, 'incident time', numbered.i) as opened_at,
        -- Teams differ, and everyone gets a little faster with time: the differences must not pass for the effect.
        (0.85 + 0.05 * teams.ix) * (1 - 0.0002 * (numbered.day - date '$first_day')) as common_factor
    from numbered
    join teams on teams.area = 'service' and teams.ix = numbered.team_ix
),
kept as (
    select * from opened
    where is_major or is_treated or u('worked', i) < (1 / $triage_handled_ratio - $triage_major_share) / (1 - $triage_major_share)
)
select
    i,
    'inc-' || i as incident_id,
    team_id,
    people,
    'svc-' || team_id || '-' || draw('service', i, $services_per_team) as service_id,
    is_treated,
    is_major,
    case when is_major then if(u('severity', i) < 0.3, 'sev1', 'sev2') else if(u('severity', i) < 0.5, 'sev3', 'sev4') end as severity,
    opened_at,
    plus_hours(opened_at, 0.05 + 0.2 * u('acknowledged', i)) as acknowledged_at,
    0.30 + ($triage_mttr_hours * common_factor * if(is_treated, 1 + $triage_mttr_change, 1) - 0.30) * lognormal('resolve', i, 0.6) as resolve_hours,
    u('false positive', i) < if(is_major, 0.0, if(is_treated, 0.10, 0.18)) as is_false_positive,
    case when is_major then $impact_minutes * if(is_treated, $triage_downtime_ai / $triage_downtime, 1) * lognormal('impact', i, 0.5) end as impact_minutes,
    round(if(is_major, 1800, 120) * if(is_treated, 0.7, 1) * lognormal('incident cost', i, 0.7), 2) as cost_amount
from kept;
