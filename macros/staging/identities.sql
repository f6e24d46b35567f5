{# Whether a kind of identifier is of a person or of an account; NULL where no var names it. #}
{% macro entity_kind(id_type) -%}
    case
        when {{ id_type }} in ('{{ var('identity_person_types') | map('lower') | join("', '") }}') then 'person'
        when {{ id_type }} in ('{{ var('identity_account_types') | map('lower') | join("', '") }}') then 'account'
    end
{%- endmacro %}

{# The rank of a kind of identifier among those of its entity: earlier kinds lend their id. #}
{% macro id_type_rank(id_type) -%}
    case {{ id_type }}
        {%- for name in (var('identity_person_types') + var('identity_account_types')) | map('lower') %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{# The id of the person or account that an identifier names, where no link says more. #}
{% macro entity_id(id_type, id) -%}
    case when {{ id }} is not null then {{ ai_impact.hash_key([id_type, id]) }} end
{%- endmacro %}

{# How many doublings of the reach connect any component that is not absurd. #}
{% macro identity_rounds() %}
    {%- set state = namespace(reach=1, rounds=0) -%}
    {%- for _ in range(20) if state.reach < var('identity_max_component') -%}
        {%- set state.reach = state.reach * 2 -%}
        {%- set state.rounds = state.rounds + 1 -%}
    {%- endfor -%}
    {{- return(state.rounds) -}}
{% endmacro %}

{# Common table expressions that double the distance once a round, from `sized_<first>` on: of each node what it reaches, how much
   that was a round before and how much it is. A reach is cut one above the size at which a component is absurd, so that a
   chain of shared identifiers can't make the table explode. Who reached no more in a round than before reaches all there
   is: the next rounds are for the others, mostly few, on engines that compute a common table expression once. #}
{% macro wider_reach(first, last) -%}
{%- for round in range(first, last) %}
wider_{{ round + 1 }} as (
    select distinct
        near.node,
        near.size_now as size_before,
        far.reached
    from sized_{{ round }} as near
    inner join sized_{{ round }} as far
        on near.reached = far.node
    {%- if ai_impact.computes_once() %}
        where near.size_now > near.size_before
    {%- endif %}
),

ordered_{{ round + 1 }} as (
    select
        node,
        reached,
        size_before,
        count(*) over (partition by node) as size_now,
        row_number() over (partition by node order by reached) as position
    from wider_{{ round + 1 }}
),

sized_{{ round + 1 }} as (
    select
        node,
        reached,
        size_before,
        size_now
    from ordered_{{ round + 1 }}
    where position <= {{ var('identity_max_component') + 1 }}
    {%- if ai_impact.computes_once() %}
        union all
        select
            node,
            reached,
            size_before,
            size_now
        from sized_{{ round }}
        where size_now <= size_before
    {%- endif %}
),
{% endfor -%}
{%- endmacro %}
