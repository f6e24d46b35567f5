{#- What each incident says: hours to resolve it on the day it was opened, and whether it was one at all. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with incidents as (
    select * from {{ ref('ai_impact', 'stg_incidents') }}
    where opened_at is not null
),

final as (
    select
        'mttr_hours' as kpi_id,
        'mean' as kind,
        1 as scale,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        cast(opened_at as date) as observed_on,
        cast(null as {{ dbt.type_string() }}) as person_id,
        {{ ai_impact.hours_between('opened_at', 'resolved_at') }} as numerator,
        cast(1 as {{ ai_impact.physical_type('double') }}) as denominator,
        case when resolved_at is null then 'It is not resolved yet.' end as problem
    from incidents
    where not coalesce(is_false_positive, false)
    union all
    select
        'false_positive_rate',
        'share',
        100,
        cast(null as {{ dbt.type_string() }}),
        cast(opened_at as date),
        cast(null as {{ dbt.type_string() }}),
        cast(
            case when is_false_positive then 1 when not is_false_positive then 0 end
            as {{ ai_impact.physical_type('double') }}
        ),
        cast(1 as {{ ai_impact.physical_type('double') }}),
        case when is_false_positive is null then 'It has not been judged yet.' end
    from incidents
)

select * from final
