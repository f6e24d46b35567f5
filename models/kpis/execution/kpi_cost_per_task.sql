{{ config(materialized=ai_impact.heavy_view()) }}

with terms as (
    select * from {{ ref('int_kpi_cost_terms') }}
),

added as (
    select
        *,
        compute_cost + labour_cost + tooling_cost + review_cost as total_cost
    from terms
),

ranged as (
    -- Days are the units of the interval: costs of one day move together.
    select
        *,
        {{ ai_impact.safe_divide('total_cost', 'covered_tasks') }} as cost_per_task,
        {{ ai_impact.interval_z() }}e0 * total_cost / nullif(known_cost, 0) * {{ ai_impact.ratio_std_error(
            'days', 'known_cost', 'covered_tasks', 'total_cost_squared', 'covered_squared', 'total_cost_by_covered'
        ) }} as margin
    from added
),

final as (
    select
        {{ ai_impact.measure_keys('cost_per_task') }},
        {{ ai_impact.ratio_columns('total_cost', 'covered_tasks', 'covered_tasks') }},
        {{ ai_impact.interval(ai_impact.greatest(['cost_per_task - margin', '0']), 'cost_per_task + margin') }},
        cast(coverage as {{ ai_impact.physical_type('double') }}) as coverage,
        reason
    from ranged
)

select * from final
