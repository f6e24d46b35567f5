{#
    Whom a model is for. `published`: BI. `restricted`: those who may see what a group of fewer than k people did, since a fact has a
    row for each task, deal or answer. `internal`: this project, which reads it on the way.
#}
{% macro audience_of(node) %}
    {%- if node.access != 'public' -%}
        {{- return('internal') -}}
    {%- endif -%}
    {{- return('restricted' if node.name.startswith('fct_') or 'restricted' in node.tags else 'published') -}}
{% endmacro %}

{#
    With the var `schemas_by_access`, what is published and what is restricted have schemas of their own; what is internal stays, so
    that incremental tables and the snapshot keep what they hold. A project that installs this one may name schemas in its own way:
    its macro of this name has the last word, as without this one.
#}
{% macro generate_schema_name(custom_schema_name, node) %}
    {%- set audience = ai_impact.audience_of(node) if var('schemas_by_access') and node.resource_type == 'model' else 'internal' -%}
    {%- set name = audience if audience != 'internal' and custom_schema_name is none else custom_schema_name -%}
    {%- set own = context.get(project_name, {}).get('generate_schema_name') -%}
    {%- if own and project_name != 'ai_impact' -%}
        {{- return(own(name, node)) -}}
    {%- endif -%}
    {{- return(dbt.generate_schema_name(name, node)) -}}
{% endmacro %}

{# After a build: the roles of the var `grants_by_access` may read, and no others may any more. As dbt's config `grants`, which knows no access. #}
{% macro grant_access() %}
    {%- set audience = ai_impact.audience_of(model) -%}
    {%- if execute and audience in var('grants_by_access') -%}
        {%- do apply_grants(this, {'select': var('grants_by_access')[audience]}, should_revoke=true) -%}
    {%- endif -%}
{% endmacro %}
