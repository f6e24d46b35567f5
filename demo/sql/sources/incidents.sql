-- Two versions: opened, and resolved. Some outages raise a second incident while the first lasts: its impact overlaps.
with raised as (
    select incidents.* from incidents
    union all
    select incidents.* replace (
        incident_id || '-echo' as incident_id, plus_hours(opened_at, impact_minutes / 120) as opened_at,
        plus_hours(acknowledged_at, impact_minutes / 120) as acknowledged_at, impact_minutes / 2 as impact_minutes, 0 as cost_amount
    )
    from incidents where impact_minutes is not null and u('echo', i) < $triage_echo
),
versions as (
    select raised.*, opened_at as updated_at, false as is_final from raised
    union all
    select raised.*, plus_hours(opened_at, resolve_hours), true from raised
)
select
    incident_id,
    updated_at,
    false as is_deleted,
    service_id,
    team_id,
    severity,
    opened_at,
    if(is_final, acknowledged_at, null) as acknowledged_at,
    if(is_final, plus_hours(opened_at, resolve_hours), null) as resolved_at,
    if(is_final, is_false_positive, null) as is_false_positive,
    if(is_final and impact_minutes is not null, opened_at, null) as impact_started_at,
    if(is_final and impact_minutes is not null, plus_hours(opened_at, impact_minutes / 60), null) as impact_ended_at,
    if(is_final, cost_amount, null) as cost_amount
from versions
