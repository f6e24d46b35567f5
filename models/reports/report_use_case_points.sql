{#- The points of use cases' charts: milestones, calibration of AI confidence, projected revenue. -#}
with {{ ai_impact.imports(['dim_use_cases', 'int_use_case_versions', 'decision_calibration', 'revenue_projection']) }},

points as (
    {{ ai_impact.use_case_points() }}
),

final as (
    select
        {{ ai_impact.hash_key([
            'points.use_case_id', 'points.panel', 'points.series', 'points.label', 'points.x_number', 'points.x_date'
        ]) }} as report_key,
        coalesce(points.use_case_id, 'all') as use_case_id,
        coalesce(dim_use_cases.name, points.use_case_id, 'All use cases') as use_case,
        {{ ai_impact.columns('points', [
            'panel', 'series', 'label', 'x_number', 'x_date', 'value', 'value_low', 'value_high', 'assumed_low', 'assumed_high',
            'expected', 'n', 'state', 'evidence_grade', 'reason'
        ]) }},
        points.value is not null as is_shown,
        loads.as_of
    from points
    left join dim_use_cases on points.use_case_id = dim_use_cases.use_case_id
    cross join loads
)

select * from final
