{#
    A model that stamps the rows of a landed table with `received_at`, when a run first saw them:

        {{ ai_impact.landed(source('zendesk', 'ticket_field_history'), occurred_at='updated') }}

    What the first run finds is history: received when it occurred (`occurred_at`), and never late. From then on a row is received when a
    run first sees it. A row is seen before if one with its `key` was; without a key, if one with its content was, whatever its
    time of synchronisation, so that a re-sync adds nothing and each version of a row is kept.
#}
{% macro landed(relation, occurred_at, key=none) -%}
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='append_new_columns') }}
{%- set found = ai_impact.landed_columns(relation) -%}
{%- set resynced = ['fivetransynced', 'fivetranid', 'fivetranbatch', 'fivetranindex', 'airbyteextractedat', 'airbyteemittedat', 'airbyterawid', 'sdcreceivedat', 'sdcextractedat', 'sdcbatchedat'] -%}
{%- set content = [] -%}
{%- for name, column in found.items() if name not in resynced -%}
    {%- do content.append(adapter.quote(column.name)) -%}
{%- endfor -%}
with incoming as (
    select
        landed_rows.*,
        {{ ai_impact.hash_key(key or content or ["''"]) }} as landed_key,
        {{ ai_impact.landed_time(occurred_at, (found.get(ai_impact.plain_name(occurred_at)) or {'dtype': ''}).dtype | lower) }} as landed_occurred_at
    from {{ relation }} as landed_rows
),

numbered as (
    select
        *,
        row_number() over (partition by landed_key order by landed_occurred_at) as landed_copy
    from incoming
),

final as (
    select
        {%- for column in found.values() %}
        {{ adapter.quote(column.name) }},
        {%- endfor %}
        landed_key,
        {% if is_incremental() -%}
        {{ ai_impact.utc_now() }}
        {%- else -%}
        coalesce(landed_occurred_at, {{ ai_impact.utc_now() }})
        {%- endif %} as received_at
    from numbered
    where
        landed_copy = 1
        {%- if is_incremental() %}
        and landed_key not in (select seen.landed_key from {{ this }} as seen)
        {%- endif %}
)

select * from final
{%- endmacro %}
