{#- What the return of each use case depends on, one input at a time, the largest swing first. -#}
with {{ ai_impact.imports(['roi_sensitivity', 'dim_use_cases']) }},

newest as (
    {{ ai_impact.newest_periods('roi_sensitivity') }}
),

final as (
    select
        roi_sensitivity.driver_key as report_key,
        {{ ai_impact.columns('roi_sensitivity', [
            'use_case_id', 'period_grain', 'period_start', 'period_end', 'place', 'low_value', 'base_value', 'high_value', 'roi',
            'roi_at_low', 'roi_at_high', 'swing', 'break_even', 'is_admitted_by_var', 'reason'
        ]) }},
        {{ ai_impact.named('roi_sensitivity', ['use_case']) }},
        newest.period_end is not null as is_newest,
        roi_sensitivity.driver as driver_id,
        replace(roi_sensitivity.driver, '_', ' ') as driver,
        roi_sensitivity.swing is not null as is_shown,
        loads.as_of
    from roi_sensitivity
    left join dim_use_cases on roi_sensitivity.use_case_id = dim_use_cases.use_case_id
    left join newest
        on roi_sensitivity.period_grain = newest.period_grain and roi_sensitivity.period_end = newest.period_end
    cross join loads
)

select * from final
