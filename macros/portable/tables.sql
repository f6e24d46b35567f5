{# What is said to the engine before a model is built, in the same transaction. #}
{% macro before_build() %}
    {{- return(adapter.dispatch('before_build', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__before_build() %}{% endmacro %}

{# Postgres takes the columns of a key for independent, so that it expects a handful of rows where there are all, and loops over
   them: hours instead of seconds. Where only a loop can do the work (a join on a range) it still loops, and what that seems to cost
   would have Postgres compile the statement: half a minute for the long expressions of staging, however few the rows. #}
{% macro postgres__before_build() -%}
    set local enable_nestloop = off; set local jit = off
{%- endmacro %}

{# Redshift is a Postgres to dbt, and plans by itself. #}
{% macro redshift__before_build() %}{% endmacro %}

{# What runs after it: Postgres has no statistics for a new table until analyze. #}
{% macro after_build() %}
    {{- return(adapter.dispatch('after_build', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__after_build() %}{% endmacro %}

{% macro postgres__after_build() -%}
    {%- if model.config.materialized != 'view' -%}analyze {{ this }}{%- endif -%}
{%- endmacro %}

{# How a view over large joins is built: for nothing where each of its readers is planned well, else once. #}
{% macro heavy_view() %}
    {{- return(adapter.dispatch('heavy_view', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__heavy_view() %}
    {{- return('view') -}}
{% endmacro %}

{# A data test plans its own query, without `before_build`. #}
{% macro postgres__heavy_view() %}
    {{- return('table') -}}
{% endmacro %}

{# How any other view is built: as one, where the engine's catalogue holds views. #}
{% macro view_or_table() %}
    {{- return(adapter.dispatch('view_or_table', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__view_or_table() %}
    {{- return('view') -}}
{% endmacro %}

{# Iceberg's catalogue of files (type hadoop) holds tables only. #}
{% macro spark__view_or_table() %}
    {{- return('table' if env_var('AI_IMPACT_SPARK_FORMAT', 'delta') == 'iceberg' else 'view') -}}
{% endmacro %}

{# A view that is read twice is computed twice, in tasks so many that Sail's workers may not answer in time. #}
{% macro spark__heavy_view() %}
    {{- return('table') -}}
{% endmacro %}

{# A number that changes where one of its columns does. It is compared with that of the run before, so where rows are not kept it is 0. #}
{% macro row_hash(expressions) %}
    {{- return(adapter.dispatch('row_hash', 'ai_impact')(expressions) if expressions else 'cast(0 as bigint)') -}}
{% endmacro %}

{% macro default__row_hash(expressions) -%}
    cast(0 as bigint)
{%- endmacro %}

{# Half of it: sums of whole columns are compared, and other programs read no unsigned numbers. #}
{% macro duckdb__row_hash(expressions) -%}
    cast(hash({{ expressions | join(', ') }}) >> 1 as bigint)
{%- endmacro %}

{% macro postgres__row_hash(expressions) -%}
    cast(cast('x' || substr({{ ai_impact.hash_key(expressions) }}, 1, 15) as bit(60)) as bigint)
{%- endmacro %}

{# How the table of keys begins, in the place of an older one. #}
{% macro create_id_key(table, found) %}
    {{- return(adapter.dispatch('create_id_key', 'ai_impact')(table, found)) -}}
{% endmacro %}

{% macro default__create_id_key(table, found) -%}
    create or replace table {{ table }} as
{%- endmacro %}

{# Here another run may read it at the same time. #}
{% macro postgres__create_id_key(table, found) -%}
    {{- 'truncate table ' ~ table ~ '; insert into ' ~ table if found else 'create table if not exists ' ~ table ~ ' as' }}
{%- endmacro %}

{% macro spark__create_id_key(table, found) -%}
    create or replace table {{ table }} using {{ env_var('AI_IMPACT_SPARK_FORMAT', 'delta') }} as
{%- endmacro %}
