{#
    Incidents of PagerDuty as its API lists them and loaders land them, flat or as JSON, as `incidents`: see docs/connectors.md. An incident that was
    merged into another is deleted: it is one with it.
#}
{% macro from_pagerduty_incidents(incidents, log_entries=none, received_at='received_at', where=none) -%}
{%- set given = ai_impact.check_given('from_pagerduty_incidents', kwargs, [
    'service_id', 'team_id', 'severity', 'is_false_positive', 'impact_started_at', 'impact_ended_at', 'cost_amount'
]) -%}
with incident_versions as (
    {{- ai_impact.read_landed(incidents, {
        'id': 'string', 'created_at': 'timestamp', 'updated_at': ['timestamp', 'last_status_change_at'], 'resolved_at': 'timestamp',
        'last_status_change_at': ['timestamp', 'last_status_change_on'], 'acknowledged_at': 'timestamp', 'status': 'string',
        'urgency': 'string', 'service_id': 'string', 'service': 'json', 'team_id': 'string', 'teams': 'json', 'priority': 'json',
        'priority_name': ['string', 'priority_summary'], 'resolve_reason': 'json', '_fivetran_deleted': 'boolean'
    }, given, received_at, where, 'incidents') }}
),

versions as (
    select
        *,
        row_number() over (partition by id, coalesce(updated_at, created_at) order by status desc, received_at) as version_copy
    from incident_versions
),

landed_entries as (
    {{- ai_impact.read_landed(log_entries, {
        'id': 'string', 'type': 'string', 'created_at': 'timestamp', 'incident_id': 'string', 'incident': 'json'
    }) }}
),

entries as (
    select
        coalesce(incident_id, {{ ai_impact.json_text('incident', ['id']) }}) as incident_id,
        min(case when lower(type) like 'acknowledge%' then created_at end) as acknowledged_at,
        max(case when lower(type) like 'resolve%' then created_at end) as resolved_at
    from landed_entries
    group by coalesce(incident_id, {{ ai_impact.json_text('incident', ['id']) }})
),

described as (
    select
        versions.*,
        coalesce(versions.acknowledged_at, entries.acknowledged_at) as first_acknowledged_at,
        case
            when lower(versions.status) = 'resolved'
                then coalesce(versions.resolved_at, entries.resolved_at, versions.last_status_change_at)
        end as last_resolved_at,
        coalesce(versions.updated_at, versions.created_at) as version_at,
        coalesce(
            {{ ai_impact.json_text('resolve_reason', ['type']) }} = 'merge_resolve_reason', false
        ) or coalesce(versions._fivetran_deleted, false) as is_gone
    from versions
    left join entries on versions.id = entries.incident_id
    where versions.version_copy = 1
),

final as (
    select
    {{- ai_impact.contract_columns('incidents', {
        'incident_id': 'id',
        'service_id': 'coalesce(service_id, ' ~ ai_impact.json_text('service', ['id']) ~ ')',
        'team_id': 'coalesce(team_id, ' ~ ai_impact.json_text('teams', [0, 'id']) ~ ')',
        'severity': 'coalesce(priority_name, ' ~ ai_impact.json_text('priority', ['summary']) ~ ', urgency)',
        'opened_at': 'created_at',
        'acknowledged_at': 'case when first_acknowledged_at <= last_resolved_at or last_resolved_at is null then first_acknowledged_at end',
        'resolved_at': 'last_resolved_at',
        'updated_at': 'version_at',
        'received_at': 'coalesce(received_at, version_at)',
        'is_deleted': 'is_gone',
    }, given) }}
    from described
)

select * from final
{%- endmacro %}
