-- Two versions: opened, and resolved.
with versions as (
    select incidents.*, opened_at as updated_at, false as is_final from incidents
    union all
    select incidents.*, plus_hours(opened_at, resolve_hours), true from incidents
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
