{#- Every identifier that each identifier reaches over usable links: the second half of the rounds, each of which
    doubles the distance. -#}
{%- set half, rounds = ai_impact.identity_rounds() // 2, ai_impact.identity_rounds() -%}
with sized_{{ half }} as (
    select * from {{ ref('ai_impact', 'int_identity_neighbours') }}
    where {{ ai_impact.is_not_held() }}
),

hashed as (
    select max(links_hash) as links_hash from {{ ref('ai_impact', 'int_identity_neighbours') }}
),

{{ ai_impact.wider_reach(half, rounds) }}
final as (
    select
        reach.node,
        reach.reached,
        hashed.links_hash
    from sized_{{ rounds }} as reach
    cross join hashed
)

select * from final
