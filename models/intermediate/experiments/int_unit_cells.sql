with assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

-- 0 is the baseline of an experiment that has not begun: see int_unit_windows.
final as (
    select distinct
        experiment_id,
        group_number,
        arm,
        stratum,
        exposed_at is not null as is_exposed
    from assignments
    union all
    select distinct
        experiment_id,
        0 as group_number,
        '{{ ai_impact.baseline_arm() }}' as arm,
        cast(null as {{ dbt.type_string() }}) as stratum,
        false as is_exposed
    from metrics
)

select * from final
