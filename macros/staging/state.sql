{#
    Accepted versions of the rows of a system of record, each valid from its `updated_at` until that of the next (not yet
    then); a deleted version ends the one before. Whether a newer version of the last one waits in quarantine, so that
    the last one stands as current though it is not. Another content of the same version (a collision) is none newer.
#}
{% macro state_versions(base, name) -%}
{%- set key = ai_impact.state_sources()[name] -%}
select
        accepted.*,
        accepted.updated_at as valid_from,
        accepted.next_at as valid_to,
        accepted.place = 1 as is_current,
        accepted.place = 1
        and coalesce(
            waiting.updated_at > accepted.updated_at or waiting.received_at > accepted.received_at, false
        ) as has_newer_in_quarantine
    from (
        select
            *,
            lead(updated_at) over (partition by {{ key | join(', ') }} order by updated_at, received_at, event_key) as next_at,
            row_number() over (
                partition by {{ key | join(', ') }} order by updated_at desc, received_at desc, event_key desc
            ) as place
        from {{ base }}
        where row_status = 'accepted'
    ) as accepted
    left join (
        select
            {%- for column in key %}
            {{ column }},
            {%- endfor %}
            max(updated_at) as updated_at,
            -- If the version's time is unreadable, its time of receipt counts.
            max(case when updated_at is null then received_at end) as received_at
        from {{ base }}
        where row_status = 'quarantined' and coalesce(reason, '') <> 'collision'
        group by {{ key | join(', ') }}
    ) as waiting
        on {% for column in key %}accepted.{{ column }} = waiting.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# The sources whose rows change, with their keys, as models/staging/_sources.yml has them: unit tests can't read that. #}
{% macro state_sources() %}
    {{- return({
        'unit_covariates': ['unit_type', 'unit_id', 'name'],
        'opportunities': ['opportunity_id'],
        'incidents': ['incident_id'],
        'requisitions': ['requisition_id'],
        'cost_records': ['charge_id']
    }) -}}
{% endmacro %}
