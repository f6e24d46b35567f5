{#- What results rest on, one row per field: seeds and vars. The snapshot keeps every version of it. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
with
{% for seed in ai_impact.definitions() %}
    {{ seed }} as (
        {% if seed in ai_impact.catalog_columns() -%}
            {{ ai_impact.with_extra(seed) }}
        {%- else -%}
            select * from {{ ref('ai_impact', seed) }}
        {%- endif %}
    ),
{% endfor %}

fields as (
    {% for seed in ai_impact.definitions() -%}
        {{ ai_impact.definition_rows(seed, seed) }}
        union all
    {% endfor -%}
    {{ ai_impact.setting_rows() }}
    union all
    {{ ai_impact.seed_rows() }}
),

-- NULL and the empty text are one value, which every engine compares. An entry that stands there twice has one key: the
-- tests of its seed find it.
final as (
    select
        {{ ai_impact.hash_key(['seed', 'definition_id', 'field']) }} as definition_key,
        seed,
        definition_id,
        field,
        kind,
        scope,
        scope_id,
        is_entry,
        max(coalesce(value, '')) as value
    from fields
    group by seed, definition_id, field, kind, scope, scope_id, is_entry
)

select * from final
