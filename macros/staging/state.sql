{#
    Accepted versions of the rows of a system of record, each valid from its `updated_at` until that of the next (not yet
    then); a deleted version ends the one before. Whether a newer version of the last one waits in quarantine, so that
    the last one stands as current though it is not. Another content of the same version (a collision) is none newer.
#}
{% macro state_versions(base, name) -%}
{%- set key = ai_impact.source_identity(name)[:-1] -%}
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
            -- A time of the version that can't be read tells nothing: when it came does.
            max(case when updated_at is null then received_at end) as received_at
        from {{ base }}
        where row_status = 'quarantined' and coalesce(reason, '') <> 'collision'
        group by {{ key | join(', ') }}
    ) as waiting
        on {% for column in key %}accepted.{{ column }} = waiting.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# The sources whose rows change: the last version that was accepted is what is so now. #}
{% macro state_sources() %}
    {{- return(['unit_covariates', 'opportunities', 'incidents', 'requisitions', 'cost_records']) -}}
{% endmacro %}
