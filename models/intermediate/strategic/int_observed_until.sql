{#- The end of the last complete day of the data. What has not ended by then is censored
    there. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with tasks as (
    select * from {{ ref('int_tasks') }}
),

final as (
    select
        cast(
            {{ ai_impact.least([
                ai_impact.add_days('max(last_occurred_at)', 1),
                'cast(max(last_received_at) as date)'
            ]) }}
            as {{ ai_impact.physical_type('timestamp') }}
        ) as observed_until
    from tasks
)

select * from final
