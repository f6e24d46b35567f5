{#- How good hires are, as their interviewers and later their leads see it, on the day the opening was filled. The
    hire is the person that is protected: a month has few of them, so these KPIs are reported for rolling windows
    alone. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with requisitions as (
    select * from {{ ref('ai_impact', 'stg_requisitions') }}
    where filled_at is not null
),

final as (
    {% for kpi_id, column in [
        ('interviewer_rating', 'interviewer_rating'), ('hire_performance', 'performance_rating')
    ] %}
        select
            '{{ kpi_id }}' as kpi_id,
            'mean' as kind,
            1 as scale,
            cast(null as {{ dbt.type_string() }}) as use_case_id,
            cast(filled_at as date) as observed_on,
            requisition_id as person_id,
            cast({{ column }} as {{ ai_impact.physical_type('double') }}) as numerator,
            cast(1 as {{ ai_impact.physical_type('double') }}) as denominator,
            case when {{ column }} is null then 'It has not been rated yet.' end as problem
        from requisitions
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
