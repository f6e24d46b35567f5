{#- What changed since the warehouse first saw it: a field, or an entry that left, came back or was added. -#}
with versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
),

-- What stood in a seed when the warehouse first read it was not added.
first_reads as (
    select
        seed,
        min(valid_from) as read_at
    from versions
    group by seed
),

ordered as (
    select
        versions.*,
        first_reads.read_at,
        row_number() over (partition by versions.definition_key order by versions.valid_from) as version_number,
        lag(versions.value) over (partition by versions.definition_key order by versions.valid_from) as value_before,
        lag(versions.valid_to) over (partition by versions.definition_key order by versions.valid_from) as left_at,
        lead(versions.valid_from) over (partition by versions.definition_key order by versions.valid_from) as next_from
    from versions
    inner join first_reads on versions.seed = first_reads.seed
),

changed as (
    select
        *,
        'changed' as change,
        value_before as from_value,
        value as to_value,
        valid_from as seen_at
    from ordered
    where version_number > 1 and not is_entry and value <> value_before
),

-- A var has no entry: each of its values is one.
removed as (
    select
        *,
        'removed' as change,
        value as from_value,
        '' as to_value,
        valid_to as seen_at
    from ordered
    where
        (is_entry or seed = 'vars')
        and valid_to is not null
        and (next_from is null or next_from > valid_to)
),

added as (
    select
        *,
        case when version_number > 1 then 'returned' else 'added' end as change,
        '' as from_value,
        value as to_value,
        valid_from as seen_at
    from ordered
    where
        is_entry
        and ((version_number = 1 and valid_from > read_at) or (version_number > 1 and valid_from > left_at))
),

changes as (
    select * from changed
    union all
    select * from removed
    union all
    select * from added
),

final as (
    select
        {{ ai_impact.hash_key(['definition_key', 'change', 'seen_at']) }} as change_key,
        seed,
        definition_id,
        field,
        kind,
        scope,
        scope_id,
        change,
        nullif(from_value, '') as from_value,
        nullif(to_value, '') as to_value,
        seen_at,
        kind <> 'attestation'
        and (change <> 'added' or seed in ({{ ai_impact.definitions_that('added_counts') }})) as counts
    from changes
)

select * from final
