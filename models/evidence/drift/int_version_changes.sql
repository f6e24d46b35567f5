{#- What is compared with what: a version of a use case that is new, or back after two weeks, with the one that answered
    most calls of the four weeks before; and each version's last week with its own first four, as providers change
    models under one name. -#}
with calls as (
    select * from {{ ref('ai_impact', 'int_calls_hourly') }}
    where calls > 0
),

{{ ai_impact.version_changes('calls') }},

final as (
    select
        {{ ai_impact.hash_key([
            'use_case_id', 'version_kind', 'version', 'change_kind', ai_impact.to_text('cast(started_at as date)', 'date')
        ]) }} as change_key,
        compared.*
    from compared
)

select * from final
