{#- The points of a use case's charts, one row per point: milestones, calibration of AI confidence, projected revenue. -#}
with use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

versions as (
    select * from {{ ref('int_use_case_versions') }}
    where part = 'model'
),

calibration as (
    select * from {{ ref('decision_calibration') }}
),

projection as (
    select * from {{ ref('revenue_projection') }}
),

points as (
    {{ ai_impact.use_case_points() }}
),

final as (
    select
        {{ ai_impact.hash_key([
            'points.use_case_id', 'points.panel', 'points.series', 'points.label', 'points.x_number', 'points.x_date'
        ]) }} as report_key,
        coalesce(points.use_case_id, 'all') as use_case_id,
        case when points.use_case_id is null then 'All use cases' else coalesce(use_cases.name, points.use_case_id) end as use_case,
        points.panel,
        points.series,
        points.label,
        points.x_number,
        points.x_date,
        points.value,
        points.value_low,
        points.value_high,
        points.assumed_low,
        points.assumed_high,
        points.expected,
        points.n,
        points.state,
        points.evidence_grade,
        points.value is not null as is_shown,
        points.reason
    from points
    left join use_cases on points.use_case_id = use_cases.use_case_id
)

select * from final
