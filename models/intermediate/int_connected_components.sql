{#- Every identifier that each identifier reaches over usable links: the second half of the rounds, each of which
    doubles the distance. -#}
{%- set half, rounds = ai_impact.identity_rounds() // 2, ai_impact.identity_rounds() -%}
with sized_{{ half }} as (
    select * from {{ ref('int_identity_neighbours') }}
),

{{ ai_impact.wider_reach(half, rounds) }}
final as (
    select
        node,
        reached
    from sized_{{ rounds }}
)

select * from final
