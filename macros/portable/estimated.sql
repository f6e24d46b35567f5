{#
    A Python model on an engine that has none. dbt build makes the table, empty and typed as its YAML says, and keeps what it
    holds; `ai-impact estimate` runs the same build with a Python that can, and that fills the table.
#}
{% materialization estimated, default, supported_languages=['python'] %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing is none or should_full_refresh() or ai_impact.names_of(existing) != model.columns.keys() | list -%}
        {{ drop_relation_if_exists(existing) }}
        {%- call statement('create') -%}
            {{ create_table_as(False, target_relation, "select * from (" ~ get_empty_schema_sql(model.columns) ~ ") as nothing where 1 = 0") }}
        {%- endcall -%}
    {%- endif -%}

    {%- if ai_impact.is_estimating() -%}
        {%- call statement('main', language='python') -%}{{ compiled_code }}{%- endcall -%}
    {%- else -%}
        {%- call noop_statement('main', 'LEFT TO ai-impact estimate') -%}{%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, should_full_refresh())) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# The names of the columns of a table. #}
{% macro names_of(relation) %}
    {{- return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) -}}
{% endmacro %}

{# Whether Python models compute in this run: always where the engine runs them, else only under `ai-impact estimate`. #}
{% macro is_estimating() %}
    {{- return(target.type in ai_impact.engines_with_python() or env_var('AI_IMPACT_ESTIMATE', '') == '1') -}}
{% endmacro %}

{# In a test that asks for a result: not where a run has left the Python models to the command, which runs the test itself. #}
{% macro estimates_are_due() -%}
    {{ '1 = 1' if ai_impact.is_estimating() else '1 = 0' }}
{%- endmacro %}

{# The same list decides beside each Python model how it is materialised; macros can't be called there. #}
{% macro engines_with_python() %}
    {{- return(['duckdb', 'spark', 'databricks', 'snowflake', 'bigquery']) -}}
{% endmacro %}

{# At the end of a run: what it left to the command, and what kept the Python models from running. #}
{% macro warn_pending_estimates(results) %}
    {%- set left = [] -%}
    {%- set broken, unlike = [], [] -%}
    {%- for result in results if result.node.package_name == 'ai_impact' -%}
        {%- if result.node.config.materialized == 'estimated' -%}{%- do left.append(result.node.name) -%}{%- endif -%}
        {%- if "No module named 'ai_impact_stats'" in (result.message or '') -%}{%- do broken.append(result.node.name) -%}{%- endif -%}
        {%- for sentence in modules.re.findall('The dbt package ai_impact of .*', result.message or '') -%}{%- do unlike.append(sentence) -%}{%- endfor -%}
    {%- endfor -%}
    {%- if left and not ai_impact.is_estimating() -%}
        {%- do log('ai_impact: ' ~ target.type ~ ' runs no Python models. Run `ai-impact estimate` to compute ' ~ left | sort | join(', ') ~ ' and to build what follows from them; until then they hold what its last run wrote.', info=true) -%}
    {%- endif -%}
    {%- if unlike -%}
        {%- do log('ai_impact: ' ~ unlike[0], info=true) -%}
    {%- endif -%}
    {%- if broken -%}
        {%- do log('ai_impact: The package ai-impact-stats is not installed where Python models run: run pip install with the folder of ai_impact or with its wheel, then run this again.', info=true) -%}
    {%- endif -%}
{% endmacro %}
