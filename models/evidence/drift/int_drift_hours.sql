{#- The hours of both sides of each comparison of versions, as sums. Of one version's own past also what lies between
    the two sides, to date a change. -#}
with changes as (
    select * from {{ ref('ai_impact', 'int_version_changes') }}
),

calls as (
    select * from {{ ref('ai_impact', 'int_calls_hourly') }}
),

{{ ai_impact.named_versions('calls') }},

sided as (
    select
        changes.change_key,
        case
            when named.called_hour < changes.reference_to then 'reference'
            when named.called_hour >= changes.current_from then 'current'
            else 'between'
        end as side,
        named.*
    from changes
    inner join named
        on
            changes.use_case_id = named.use_case_id
            and changes.version_kind = named.version_kind
            and changes.reference_from <= named.called_hour
            and changes.current_to > named.called_hour
            and named.version
            = case when named.called_hour < changes.reference_to then changes.previous_version else changes.version end
    where {{ ai_impact.is_shown_hour('named') }}
),

final as (
    select
        {% for column in ai_impact.drift_columns() -%}
            {{ ai_impact.steady_sum(column) }} as {{ column }},
        {% endfor -%}
        change_key,
        called_hour,
        side
    from sided
    group by change_key, called_hour, side
)

select * from final
