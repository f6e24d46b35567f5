{# In an incremental fold of tasks: may this raw row have changed what is known since the last run? Received since the lookback
   before the newest event folded, or let in by one of the two backfills. (A row that is held back must not move this edge.) #}
{% macro changed_since_last_run(alias) -%}
    {{ ai_impact.is_read_again(alias ~ '.received_at', alias ~ '.occurred_at', 'last_received_at', 'event_count > 0') }}
{%- endmacro %}

{# How such a model is configured: config(**ai_impact.kept_periods()). `inputs` is the model that says which periods there are. #}
{% macro kept_periods(inputs='int_kpi_inputs') %}
    {{- return({
        'materialized': ai_impact.kept_by_hash(), 'incremental_strategy': 'append', 'on_schema_change': 'fail',
        'pre_hook': "{{ ai_impact.forget_changed_periods(ref('ai_impact', '" ~ inputs ~ "')) }}"
    }) -}}
{% endmacro %}

{# Before a model is built that is kept by hash: it forgets the periods whose input has changed since, and those that are gone. What it
   then lacks, it computes. So a run that ends between two models leaves nothing behind that the next one takes for done. #}
{% macro forget_changed_periods(inputs) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as held
        where not exists (
            select 1 from {{ inputs }} as inputs
            where inputs.period_key = held.period_key and inputs.input_hash = held.input_hash
        )
    {%- endif -%}
{%- endmacro %}

{# The periods that such a model has to compute: all of `int_kpi_inputs`, or another such model, that it does not hold. #}
{% macro missing_periods(inputs=none) -%}
    select * from {{ inputs or ref('ai_impact', 'int_kpi_inputs') }}
    {%- if is_incremental() %}
        where period_key not in (select held.period_key from {{ this }} as held)
    {%- endif %}
{%- endmacro %}

{# The same for the identities, which are held as a whole: all of them go by the links that they were found in. #}
{% macro forget_changed_links() -%}
    {%- set links = ref('ai_impact', 'int_identity_links') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as held
        where not exists (
            select 1 from {{ links }} as links where links.links_hash = held.links_hash
        )
    {%- endif -%}
{%- endmacro %}

{# Whether there is anything to compute: not where a table that is held as a whole still is. #}
{% macro is_not_held() -%}
    {{ 'not exists (select 1 from ' ~ this ~ ')' if is_incremental() else '1 = 1' }}
{%- endmacro %}
