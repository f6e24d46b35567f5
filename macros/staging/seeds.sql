{# The seeds that describe a company: who installs this package gives its own, under any name, by the var `<seed>_relation`. #}
{% macro seed_names() %}
    {{- return([
        'use_cases', 'labor_rates', 'experiments', 'metric_catalog', 'kpi_catalog', 'roi_assumptions', 'roi_terms', 'reviews', 'slo_targets',
        'rubrics'
    ]) -}}
{% endmacro %}

{#
    What stands in the place of a seed where the var names another relation: the seed is off then, and this model is on, under the seed's
    name, so that every ref finds the one that is there. The alias keeps it apart from a seed of that name in the same schema.
#}
{% macro given_seed(name) -%}
    {{ config(enabled=var(name ~ '_relation') | string | trim != '', alias='ai_impact_' ~ name) }}
    select * from {{ var(name ~ '_relation') }}
{%- endmacro %}
