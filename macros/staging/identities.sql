{# The kinds of identifiers of a person, or of an account, as staging spells them: in small letters. #}
{% macro identity_types(entity) %}
    {{- return(var('identity_' ~ entity ~ '_types') | map('lower') | list) -}}
{% endmacro %}

{# Whether a kind of identifier is of a person or of an account; NULL where no var names it. #}
{% macro entity_kind(id_type) -%}
    case
        when {{ id_type }} in ({{ ai_impact.quoted(ai_impact.identity_types('person')) }}) then 'person'
        when {{ id_type }} in ({{ ai_impact.quoted(ai_impact.identity_types('account')) }}) then 'account'
    end
{%- endmacro %}

{# The rank of a kind of identifier among those of its entity: earlier kinds lend their id. One may be put first. #}
{% macro id_type_rank(id_type, first=none) -%}
    case {{ id_type }}
        {%- if first %}
        when '{{ first }}' then 0
        {%- endif %}
        {%- for name in ai_impact.identity_types('person') + ai_impact.identity_types('account') if name != first %}
        when {{ ai_impact.quoted([name]) }} then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{# The kinds of units that are the same kind of thing: those of a person, those of an account, or this one alone. #}
{% macro same_kind(unit_type) %}
    {%- for kinds in [ai_impact.identity_types('person'), ai_impact.identity_types('account')] if unit_type | lower in kinds -%}
        {{- return(kinds) -}}
    {%- endfor -%}
    {{- return([unit_type | lower]) -}}
{% endmacro %}

{# The kind of thing that a unit is: person, account, or its own type. Units of one kind are compared by identity. #}
{% macro unit_kind(unit_type) -%}
    coalesce({{ ai_impact.entity_kind(unit_type) }}, {{ unit_type }})
{%- endmacro %}

{# The unit of a kind that a task is of: its worker for people (for a visitor, its subject before its worker), else what it is about. #}
{% macro task_unit(part, kinds, tasks) -%}
    {%- set is_worker = kinds ~ ".unit_type = 'person' or (" ~ kinds ~ ".unit_kind = 'person' and coalesce("
        ~ ai_impact.unit_kind(tasks ~ '.subject_type') ~ ", '') <> 'person')" -%}
    case
        when {{ kinds }}.unit_type = 'task' then {{ tasks ~ '.task_id' if part == 'alias_id' else "'task'" }}
        when {{ kinds }}.unit_type = 'team' then {{ tasks ~ '.team_id' if part == 'alias_id' else "'team'" }}
        when {{ is_worker }} then {{ tasks ~ '.person_id' if part == 'alias_id' else "'person'" }}
        when {{ kinds }}.unit_kind = {{ ai_impact.unit_kind(tasks ~ '.subject_type') }}
            then {{ tasks }}.subject_{{ 'id' if part == 'alias_id' else 'type' }}
    end
{%- endmacro %}

{# Columns that hold identifiers without naming their kind, and the kinds that links may name them as instead. Browsers and
   devices are numbered by others: a person's number is none of theirs. #}
{% macro lending_id_types() %}
    {{- return({
        'account': ai_impact.identity_types('account') | reject('equalto', 'account') | list,
        'person': ai_impact.identity_types('person') | reject('in', ['person', 'visitor', 'device', 'respondent']) | list,
        'respondent': ai_impact.identity_types('person') | reject('equalto', 'respondent') | list
    }) -}}
{% endmacro %}

{# The id of the person or account of an identifier without links. #}
{% macro entity_id(id_type, id) -%}
    case when {{ id }} is not null then {{ ai_impact.hash_key([id_type, id]) }} end
{%- endmacro %}

{# The subject of a task or a decision where BI reads it: NULL unless its kind is known to be no person. #}
{% macro shown_subject(subject_type, subject_id) -%}
    case when {{ ai_impact.is_open_type(subject_type) }} then {{ subject_id }} end
{%- endmacro %}

{# The entity of an identifier that no link mentions: an account by its id alone, whatever kind of account id it came as. #}
{% macro unlinked_entity_id(id_type, id) -%}
    {{ ai_impact.entity_id("case when " ~ ai_impact.entity_kind(id_type) ~ " = 'account' then 'account' else " ~ id_type ~ " end", id) }}
{%- endmacro %}

{# How many doublings of the reach connect any component that is not oversized. #}
{% macro identity_rounds() %}
    {%- set state = namespace(reach=1, rounds=0) -%}
    {%- for _ in range(20) if state.reach < var('identity_max_component') -%}
        {%- set state.reach = state.reach * 2 -%}
        {%- set state.rounds = state.rounds + 1 -%}
    {%- endfor -%}
    {{- return(state.rounds) -}}
{% endmacro %}

{# Common table expressions that double the distance once a round, from `sized_<first>` on: of each node what it reaches, how much
   that was a round before and how much it is. A reach is cut one above the size limit of a component, so that a
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
