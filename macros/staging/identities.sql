{# Whether a kind of identifier is of a person or of an account; NULL where no var names it. #}
{% macro entity_kind(id_type) -%}
    case
        when {{ id_type }} in ('{{ var('identity_person_types') | join("', '") }}') then 'person'
        when {{ id_type }} in ('{{ var('identity_account_types') | join("', '") }}') then 'account'
    end
{%- endmacro %}

{# The rank of a kind of identifier among those of its entity: earlier kinds lend their id. #}
{% macro id_type_rank(id_type) -%}
    case {{ id_type }}
        {%- for name in var('identity_person_types') + var('identity_account_types') %}
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
