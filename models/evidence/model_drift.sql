{#- What changed with a version, metric by metric, and whether it is an alert: docs/trust.md has the rules. The first
    interval is of this one look; the second holds at every look at once, hour by hour, and decides. -#}
with changes as (
    select * from {{ ref('ai_impact', 'int_version_changes') }}
),

hours as (
    select * from {{ ref('ai_impact', 'int_drift_hours') }}
),

{{ ai_impact.drift_moments('hours') }},

{{ ai_impact.drift_distances('hours') }},

{{ ai_impact.drift_judged() }},

final as (
    select
        {{ ai_impact.hash_key(['change_key', 'metric']) }} as drift_key,
        shown.*
    from shown
)

select * from final
