{#- How many distinct people each reporting group has in each calendar quarter. A family is a table of groups whose
    numbers add up: rows, columns, and (all) of either. Execution KPIs have use cases by teams; strategic and human
    KPIs, and the arms of experiments, use cases by the sides that a number compares or leaves out; attribution has
    channels; calibration has use cases by tenths of confidence, and the quality of outputs use cases by bins of it,
    over all time. -#}
{%- set text = dbt.type_string() -%}
with person_days as (
    select * from {{ ref('ai_impact', 'int_people_daily') }}
),

strategic_days as (
    select * from {{ ref('ai_impact', 'int_strategic_people_daily') }}
),

sides as (
    select * from {{ ref('ai_impact', 'int_decision_sides') }}
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
),

conversions as (
    select * from {{ ref('ai_impact', 'int_conversions') }}
),

conversion_touches as (
    select * from {{ ref('ai_impact', 'int_conversion_touches') }}
),

outputs as (
    select * from {{ ref('ai_impact', 'int_output_quality') }}
),

tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
),

work as (
    select
        'execution' as family,
        completed_on as worked_on,
        use_case_id as row_id,
        team_id as column_id,
        cast(person_number as {{ text }}) as person_id
    from person_days
    union all
    select
        kpi_id,
        observed_on,
        use_case_id,
        case when is_rest = 1 then 'left out' else 'counted' end,
        person_id
    from strategic_days
    union all
    select
        {{ ai_impact.family_of_arms('kpi_id', 'experiment_id') }},
        decided_on,
        use_case_id,
        case is_treated when 1 then 'treated' when 0 then 'control' else 'outside' end,
        person_id
    from sides
    union all
    select
        'confidence',
        {{ ai_impact.all_time() }},
        {{ ai_impact.mapped('use_case_id') }},
        cast({{ ai_impact.tenth_of('ai_confidence') }} as {{ text }}),
        person_id
    from decisions
    where {{ ai_impact.tells_of_confidence() }}
    union all
    select
        'channels',
        conversions.period_start,
        coalesce(conversion_touches.channel, '(none)'),
        'conversions',
        conversions.journey_id
    from conversions
    left join conversion_touches on conversions.conversion_key = conversion_touches.conversion_key
    union all
    select
        {{ ai_impact.family_of_quality('outputs.quality_measure') }},
        {{ ai_impact.all_time() }},
        outputs.use_case_id,
        outputs.quality_bin,
        tasks.person_id
    from outputs
    inner join tasks on outputs.task_id = tasks.task_id
),

members as (
    select distinct
        family,
        {{ ai_impact.quarter_of('worked_on') }} as quarter_start,
        row_id,
        column_id,
        person_id
    from work
    where person_id is not null
),

sizes as (
    select
        family,
        quarter_start,
        {{ ai_impact.cell_of('row_id') }} as row_id,
        {{ ai_impact.cell_of('column_id') }} as column_id,
        count(distinct person_id) as n_people
    from members
    group by {{ ai_impact.cell_sets(['family', 'quarter_start'], 'row_id', 'column_id') }}
),

-- What is hidden for the sake of others should be the same from quarter to quarter: the most there were so far decides.
final as (
    select
        *,
        max(n_people) over (
            partition by family, row_id, column_id order by quarter_start
            rows between unbounded preceding and current row
        ) as most_people
    from sizes
)

select * from final
