{#- A hash of all that an experiment rests on, for a signature to say what was signed. Empty fields are left out: a new
    column of a seed, still empty, makes no other hash. -#}
with definitions as (
    select * from {{ ref('ai_impact', 'int_definitions') }}
),

uses as (
    select * from {{ ref('ai_impact', 'int_definition_uses') }}
    where is_current
),

fields as (
    select
        uses.experiment_id,
        {{ ai_impact.hash_key([
            'definitions.seed', 'definitions.definition_id', 'definitions.field', 'definitions.value'
        ]) }} as field_hash
    from definitions
    inner join uses
        on
            definitions.scope = uses.scope
            and definitions.scope_id = uses.scope_id
    where definitions.value <> '' and definitions.seed in ({{ ai_impact.definitions_that('signed') }})
),

joined as (
    select
        experiment_id,
        {{ ai_impact.joined_sorted('field_hash', '|') }} as field_hashes
    from fields
    group by experiment_id
),

final as (
    select
        experiment_id,
        {{ ai_impact.hash_key(['field_hashes']) }} as registration_hash
    from joined
)

select * from final
