with tasks as (
    select * from {{ ref('int_tasks') }}
    where is_completed and cycle_hours is not null
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

timed as (
    select
        cast(completed_at as date) as completed_on,
        {{ ai_impact.mapped('use_case_id') }} as use_case_id,
        {{ ai_impact.mapped('team_id') }} as team_id,
        cycle_hours
    from tasks
),

cells as (
    select
        period_days.period_key,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        count(*) as n,
        {{ ai_impact.sorted_values('timed.cycle_hours') }} as cycle_hours
    from timed
    inner join period_days
        on
            timed.completed_on = period_days.date_day
            and period_days.baseline_of in ({{ ai_impact.all_of_them() }}, timed.use_case_id)
    group by {{ ai_impact.cell_sets(['period_days.period_key']) }}
),

final as (
    {% for kpi_id, p in [('cycle_time_p50', 0.5), ('cycle_time_p90', 0.9)] %}
        select
            {{ ai_impact.measure_keys(kpi_id) }},
            cast({{ ai_impact.percentile_of('cycle_hours', 'n', p) }} as {{ ai_impact.physical_type('double') }})
                as value,
            cast(null as {{ ai_impact.physical_type('double') }}) as numerator,
            cast(null as {{ ai_impact.physical_type('double') }}) as denominator,
            n,
        {{ ai_impact.interval(
            ai_impact.order_statistic('cycle_hours', 'n', p, -1), ai_impact.order_statistic('cycle_hours', 'n', p, 1)
        ) }},
            cast(null as {{ dbt.type_string() }}) as reason
        from cells
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
