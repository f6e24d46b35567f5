{#- Every version of what results rest on: those of the snapshot, and what stands in the seeds now and is not in it yet,
    because a run left the snapshot out. -#}
with snapshots as (
    select * from {{ ref('ai_impact', 'definitions_snapshot') }}
),

definitions as (
    select * from {{ ref('ai_impact', 'int_definitions') }}
),

stored as (
    select
        definition_key,
        seed,
        definition_id,
        field,
        kind,
        scope,
        scope_id,
        is_entry,
        value,
        cast(dbt_valid_from as {{ dbt.type_timestamp() }}) as valid_from,
        cast(dbt_valid_to as {{ dbt.type_timestamp() }}) as valid_to
    from snapshots
),

newest as (
    select * from stored
    where valid_to is null
),

-- The clock is that of the snapshot.
kept as (
    select
        stored.definition_key,
        stored.seed,
        stored.definition_id,
        stored.field,
        stored.kind,
        stored.scope,
        stored.scope_id,
        stored.is_entry,
        stored.value,
        stored.valid_from,
        case
            when stored.valid_to is null and coalesce(definitions.value <> stored.value, true)
                then cast({{ dbt.snapshot_get_time() }} as {{ dbt.type_timestamp() }})
            else stored.valid_to
        end as valid_to
    from stored
    left join definitions on stored.definition_key = definitions.definition_key
),

pending as (
    select
        definitions.definition_key,
        definitions.seed,
        definitions.definition_id,
        definitions.field,
        definitions.kind,
        definitions.scope,
        definitions.scope_id,
        definitions.is_entry,
        definitions.value,
        cast({{ dbt.snapshot_get_time() }} as {{ dbt.type_timestamp() }}) as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to
    from definitions
    left join newest on definitions.definition_key = newest.definition_key
    where coalesce(newest.value <> definitions.value, true)
),

final as (
    select * from kept
    union all
    select * from pending
)

select * from final
