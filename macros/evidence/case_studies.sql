{# The numbers of a case study that an experiment estimates, each beside what was planted: name, experiment, metric and scale, the unit in
   which it is told, and what an estimate is multiplied by and added to for that. One row a number, estimated or not; the headline where
   there is one. Of the demo company only: nobody else knows the truth. #}
{% macro planted_effects(numbers) -%}
    {%- set text, double = dbt.type_string(), ai_impact.physical_type('double') -%}
    select
        numbers.place,
        numbers.number_name,
        numbers.unit,
        {% for column in ['truth', 'estimate', 'ci_low', 'ci_high'] -%}
            cast(numbers.factor * found.{{ column }} + numbers.shift as {{ double }}) as {{ column }},
        {% endfor -%}
        found.mean_control as level_without,
        found.mean_treatment as level_with,
        found.evidence_grade,
        found.method,
        'impact_estimates' as mart,
        found.why as reason
    from (
        {% for place, name, experiment, metric, scale, unit, factor, shift in numbers -%}
            select
                {{ place }} as place,
                cast('{{ name }}' as {{ text }}) as number_name,
                cast('{{ experiment }}' as {{ text }}) as experiment_id,
                cast('{{ metric }}' as {{ text }}) as metric_id,
                cast('{{ scale }}' as {{ text }}) as scale,
                cast('{{ unit }}' as {{ text }}) as unit,
                {{ factor }} as factor,
                {{ shift }} as shift
            {{ 'union all' if not loop.last }}
        {% endfor %}
    ) as numbers
    inner join (
        select
            truth.experiment_id as truth_experiment_id,
            truth.metric_id as truth_metric_id,
            truth.scale as truth_scale,
            truth.true_value as truth,
            headlines.*,
            coalesce(headlines.reason, unestimated.reason) as why
        from {{ ai_impact.demo_truth() }} as truth
        left join {{ ref('impact_estimates') }} as headlines
            on
                truth.experiment_id = headlines.experiment_id
                and truth.metric_id = headlines.metric_id
                and truth.scale = headlines.scale
                and headlines.segment = 'all'
                and headlines.is_headline
        left join (
            select experiment_id, metric_id, scale, min(reason) as reason
            from {{ ref('impact_estimates') }}
            where segment = 'all' and estimate is null
            group by experiment_id, metric_id, scale
        ) as unestimated
            on
                headlines.estimate is null
                and truth.experiment_id = unestimated.experiment_id
                and truth.metric_id = unestimated.metric_id
                and truth.scale = unestimated.scale
        where truth.estimand in ('ate', 'att')
    ) as found
        on
            numbers.experiment_id = found.truth_experiment_id
            and numbers.metric_id = found.truth_metric_id
            and numbers.scale = found.truth_scale
{%- endmacro %}

{# What was planted in the demo company, in the schema of the raw tables. #}
{% macro demo_truth() -%}
    {{- source('raw', 'task_events').include(identifier=false) }}.demo_truth
{%- endmacro %}

{# The rows of a case study, with whether what was planted lies in the interval; NULL where there is no interval. #}
{% macro beside_the_truth(relation) -%}
    select
        place,
        number_name,
        unit,
        truth,
        estimate,
        ci_low,
        ci_high,
        truth >= ci_low and truth <= ci_high as is_inside,
        level_without,
        level_with,
        evidence_grade,
        method,
        mart,
        reason
    from {{ relation }}
    order by place
{%- endmacro %}
