{#- What results rest on, one row per field: seeds and vars. The snapshot keeps every version of it. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
with experiments as (
    select * from {{ ref('experiments') }}
),

metric_catalog as (
    select * from {{ ref('metric_catalog') }}
),

kpi_catalog as (
    select * from {{ ref('kpi_catalog') }}
),

use_cases as (
    select * from {{ ref('use_cases') }}
),

roi_terms as (
    select * from {{ ref('roi_terms') }}
),

roi_assumptions as (
    select * from {{ ref('roi_assumptions') }}
),

labor_rates as (
    select * from {{ ref('labor_rates') }}
),

method_catalogue as (
    select * from {{ ref('method_catalogue') }}
),

reviews as (
    select * from {{ ref('reviews') }}
),

settings as (
    {{ ai_impact.setting_rows() }}
),

seeds as (
    {{ ai_impact.seed_rows() }}
),

-- NULL and the empty text are one value, which every engine compares.
fields as (
    {% for seed in ai_impact.definitions() -%}
        {{ ai_impact.definition_rows(seed, seed) }}
        union all
    {% endfor -%}
    select * from settings
    union all
    select * from seeds
),

-- An entry that stands there twice is the business of the tests of its seed; here its key is one.
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
