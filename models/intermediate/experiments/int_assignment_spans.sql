{#- When each experiment, registered or not, assigned its first and its last unit, whatever its dates say. -#}
with assignments as (
    select * from {{ ref('ai_impact', 'stg_assignments') }}
),

final as (
    select
        experiment_id,
        min(assigned_at) as first_assigned_at,
        max(assigned_at) as last_assigned_at
    from assignments
    where experiment_id is not null
    group by experiment_id
)

select * from final
