{#- The experiments that are paid for, or were: their use cases and terms. -#}
with roi_terms as (
    select * from {{ ref('ai_impact', 'roi_terms') }}
),

versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
    where seed = 'roi_terms' and is_entry and valid_to is not null
),

-- The key of a term that left names its use case and kind.
final as (
    select
        cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
        cast(use_case_id as {{ dbt.type_string() }}) as use_case_id,
        cast(term as {{ dbt.type_string() }}) as term,
        1 as is_current
    from roi_terms
    union all
    select
        scope_id as experiment_id,
        {{ ai_impact.nth_part('definition_id', "'|'", 1) }} as use_case_id,
        {{ ai_impact.nth_part('definition_id', "'|'", 2) }} as term,
        0 as is_current
    from versions
)

select * from final
