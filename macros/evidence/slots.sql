{#
    Panels in blocks of periods: a unit's values of a block are the columns v0, v1, … of one row. Covariances of pairs of
    periods then need no row for each pair of each unit, of which there are far more than values.
#}
{% macro panel_slots() %}
    {{- return(12) -}}
{% endmacro %}

{# The block of a place, which counts from 0. #}
{% macro block_of(place) -%}
    cast(floor(({{ place }}) / {{ ai_impact.panel_slots() }}.0) as {{ dbt.type_int() }})
{%- endmacro %}

{% macro slot_values(value, slot) -%}
    {%- for k in range(ai_impact.panel_slots()) %}
        max(case when {{ slot }} = {{ k }} then {{ value }} end) as v{{ k }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Of two blocks all pairs; of a block with itself each pair once. #}
{% macro slot_covariances(a, b) -%}
    {%- for i in range(ai_impact.panel_slots()) %}
        {%- for j in range(ai_impact.panel_slots()) %}
        {% if a == b and j < i -%}
            cast(null as {{ ai_impact.physical_type('double') }})
        {%- else -%}
            covar_samp({{ a }}.v{{ i }}, {{ b }}.v{{ j }})
        {%- endif %} as covariance_{{ i }}_{{ j }}{{ ',' if not loop.last }}
        {%- endfor %}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The cohort of units that are never treated, where it must not be NULL: joins are by equality. #}
{% macro never_treated() -%}
    -100000
{%- endmacro %}

{#
    Common table expressions that end in `pairs`: of each group of units and pair of places, in order, the means and the
    covariance. `relation` has the columns `groups`, that which names a `unit` in its group, `block`, and the values of a
    block side by side.
#}
{% macro pairs_of_slots(relation, groups, unit) -%}
{%- set slots = range(ai_impact.panel_slots()) -%}
slots as (
    {%- for k in slots %}
    select {{ k }} as slot{{ ' union all' if not loop.last }}
    {%- endfor %}
),

within_blocks as (
    select
        {{ groups | join(', ') }},
        block as block_a,
        block as block_b,
        {%- for k in slots %}
        avg(v{{ k }}) as mean_{{ k }},
        {%- endfor %}
        {{ ai_impact.slot_covariances(relation, relation) }}
    from {{ relation }}
    group by {{ groups | join(', ') }}, block
),

slot_means as (
    select
        {{ groups | join(', ') }},
        block_a as block,
        slots.slot,
        case slots.slot
        {%- for k in slots %}
            when {{ k }} then mean_{{ k }}
        {%- endfor %}
        end as mean
    from within_blocks
    cross join slots
),

block_covariances as (
    select
        {{ groups | join(', ') }},
        block_a,
        block_b
        {%- for i in slots %}
        {%- for j in slots %},
        covariance_{{ i }}_{{ j }}
        {%- endfor %}
        {%- endfor %}
    from within_blocks
    union all
    select
        a.{{ groups | join(', a.') }},
        a.block as block_a,
        b.block as block_b,
        {{ ai_impact.slot_covariances('a', 'b') }}
    from {{ relation }} as a
    inner join {{ relation }} as b
        on
            a.block < b.block
            {%- for column in groups + [unit] %}
            and a.{{ column }} = b.{{ column }}
            {%- endfor %}
    -- Told twice, so that nothing is joined where there is one block.
    where b.block > 0
    group by a.{{ groups | join(', a.') }}, a.block, b.block
),

-- Places without a value are those that the last block has left.
pairs as (
    select
        block_covariances.{{ groups | join(', block_covariances.') }},
        {{ slots | length }} * a.block + a.slot as place_a,
        {{ slots | length }} * b.block + b.slot as place_b,
        a.mean as mean_a,
        b.mean as mean_b,
        case {{ slots | length }} * a.slot + b.slot
        {%- for i in slots %}
            {%- for j in slots %}
            when {{ (slots | length) * i + j }} then block_covariances.covariance_{{ i }}_{{ j }}
            {%- endfor %}
        {%- endfor %}
        end as covariance
    from block_covariances
    inner join slot_means as a
        on
            block_covariances.block_a = a.block
            {%- for column in groups %}
            and block_covariances.{{ column }} = a.{{ column }}
            {%- endfor %}
    inner join slot_means as b
        on
            block_covariances.block_b = b.block
            {%- for column in groups %}
            and block_covariances.{{ column }} = b.{{ column }}
            {%- endfor %}
    where
        a.mean is not null
        and b.mean is not null
        and (a.block < b.block or a.slot <= b.slot)
)
{%- endmacro %}
