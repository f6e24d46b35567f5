{# The seeds that describe a company: who installs this package gives its own, under any name, by the var `<seed>_relation`. #}
{% macro seed_names() %}
    {{- return([
        'use_cases', 'labor_rates', 'experiments', 'metric_catalog', 'kpi_catalog', 'roi_assumptions', 'roi_terms', 'reviews', 'slo_targets',
        'rubrics'
    ]) -}}
{% endmacro %}

{# Whether the project that installs this package has switched a seed of it off: then it has one of the same name. #}
{% macro seed_is_off(name) %}
    {%- set seed = ((adapter.config.seeds or {}).get('ai_impact') or {}).get(name) -%}
    {{- return(seed is mapping and (seed.get('+enabled', seed.get('enabled', true)) | string | lower) == 'false') -}}
{% endmacro %}

{#
    What stands in the place of a seed where the var names another relation, or the seed is off: this model is on then, under the seed's
    name, so that every ref finds the one that is there. The alias keeps it apart from a seed of that name in the same schema.
#}
{% macro given_seed(name) -%}
    {%- set relation = var(name ~ '_relation') | string | trim -%}
    {%- set is_off = ai_impact.seed_is_off(name) -%}
    {{ config(enabled=relation != '' or is_off, alias='ai_impact_' ~ name) }}
    select * from {{ relation or (ref(adapter.config.project_name, name) if is_off) }}
{%- endmacro %}
