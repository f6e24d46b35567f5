{#
    Stops before anything is measured where an experiment with units asks for a measure that does not exist: the sentence names
    the metric and lists the measures there are. Runs after `metrics`, the table int_experiment_metrics, is made.
#}
{% macro check_measures(metrics, experiments, outcome_events) %}
    {%- if execute -%}
        {%- for row in run_query(ai_impact.unknown_measures(metrics, experiments, outcome_events)).rows[:1] -%}
            {%- set outcomes = run_query('select distinct name from ' ~ outcome_events ~ ' order by name limit 30').rows | map(attribute=0) | list -%}
            {%- do ai_impact.stop(
                "The metric `" ~ row[1] ~ "` in metric_catalog, registered for the experiment `" ~ row[0] ~ "`, asks for the measure `"
                ~ row[3] ~ "`, which does not exist for units of the type `" ~ row[2] ~ "`. There are: "
                ~ ai_impact.built_in_measures(row[2]) | join(', ')
                ~ ('; the outcome events ' ~ outcomes | join(', ') ~ ', and each with _value at its end for its value' if outcomes else '; outcome_events is empty')
                ~ ". Correct the name, or add it to the var `expected_outcomes` if it is an outcome that has not occurred yet."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# The measures that units of a type have whatever their outcomes; deals are of accounts. #}
{% macro built_in_measures(unit_type) %}
    {%- set measures = ai_impact.measure_names() -%}
    {{- return(measures['tasks'] + measures['decisions'] + (measures['deals'] if unit_type in ai_impact.identity_types('account') else [])) -}}
{% endmacro %}

{# A select of the measures that registered metrics ask for and that do not exist. #}
{% macro unknown_measures(metrics, experiments, outcome_events) -%}
    with asked as (
        {%- for side in ['numerator_measure', 'denominator_measure'] %}
        select
            metrics.experiment_id,
            metrics.metric_id,
            metrics.unit_type,
            metrics.{{ side }} as measure
        from {{ metrics }} as metrics
        inner join {{ experiments }} as experiments on metrics.experiment_id = experiments.experiment_id
        where
            metrics.{{ side }} is not null
            and experiments.assignment_method is not null
            and experiments.design <> 'time_series'
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    names as (
        select distinct name from {{ outcome_events }}
        {%- for name in var('expected_outcomes') %}
        union all
        select '{{ name | replace("'", "''") }}' as name
        {%- endfor %}
    ),

    known as (
        select name as measure from names
        union all
        select name || '_value' as measure from names
    )

    select distinct
        asked.experiment_id,
        asked.metric_id,
        asked.unit_type,
        asked.measure
    from asked
    left join known on asked.measure = known.measure
    where
        known.measure is null
        and asked.measure not in ('{{ ai_impact.built_in_measures('') | join("', '") }}')
        and not (
            asked.unit_type in ('{{ ai_impact.identity_types('account') | join("', '") }}')
            and asked.measure in ({{ ai_impact.measures_of('deals') }})
        )
    order by asked.experiment_id, asked.metric_id, asked.measure
{%- endmacro %}
