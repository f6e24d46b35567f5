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

{# Inside a group: a column for each place of a slot, with the value that stands there. #}
{% macro slot_values(value, slot) -%}
    {%- for k in range(ai_impact.panel_slots()) %}
        max(case when {{ slot }} = {{ k }} then {{ value }} end) as v{{ k }}{{ ',' if not loop.last }}
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
        block
        {%- for k in slots %},
        avg(v{{ k }}) as mean_{{ k }}
        {%- endfor %}
        {%- for i in slots %}
        {%- for j in range(i, slots | length) %},
        covar_samp(v{{ i }}, v{{ j }}) as covariance_{{ i }}_{{ j }}
        {%- endfor %}
        {%- endfor %}
    from {{ relation }}
    group by {{ groups | join(', ') }}, block
),

slot_means as (
    select
        {{ groups | join(', ') }},
        block,
        slots.slot,
        case slots.slot
        {%- for k in slots %}
            when {{ k }} then mean_{{ k }}
        {%- endfor %}
        end as mean
    from within_blocks
    cross join slots
),

-- A later place beside all of a block before it.
later_places as (
    select
        a.{{ groups | join(', a.') }},
        a.block as block_a,
        b.block as block_b,
        slots.slot as slot_b,
        {%- for k in slots %}
        a.v{{ k }},
        {%- endfor %}
        case slots.slot
        {%- for k in slots %}
            when {{ k }} then b.v{{ k }}
        {%- endfor %}
        end as later
    from {{ relation }} as a
    inner join {{ relation }} as b
        on
            a.block < b.block
            {%- for column in groups + [unit] %}
            and a.{{ column }} = b.{{ column }}
            {%- endfor %}
    cross join slots
    -- Stated twice, so that a single block needs no join.
    where b.block > 0
),

across_blocks as (
    select
        {{ groups | join(', ') }},
        block_a,
        block_b,
        slot_b
        {%- for k in slots %},
        covar_samp(v{{ k }}, later) as covariance_{{ k }}
        {%- endfor %}
    from later_places
    group by {{ groups | join(', ') }}, block_a, block_b, slot_b
),

covariances as (
    select
        within_blocks.{{ groups | join(', within_blocks.') }},
        within_blocks.block as block_a,
        within_blocks.block as block_b,
        a.slot as slot_a,
        b.slot as slot_b,
        case {{ slots | length }} * a.slot + b.slot
        {%- for i in slots %}
            {%- for j in range(i, slots | length) %}
            when {{ (slots | length) * i + j }} then covariance_{{ i }}_{{ j }}
            {%- endfor %}
        {%- endfor %}
        end as covariance
    from within_blocks
    cross join slots as a
    inner join slots as b on a.slot <= b.slot
    union all
    select
        across_blocks.{{ groups | join(', across_blocks.') }},
        across_blocks.block_a,
        across_blocks.block_b,
        slots.slot as slot_a,
        across_blocks.slot_b,
        case slots.slot
        {%- for k in slots %}
            when {{ k }} then covariance_{{ k }}
        {%- endfor %}
        end as covariance
    from across_blocks
    cross join slots
),

-- Places without a value are those that the last block has left.
pairs as (
    select
        covariances.{{ groups | join(', covariances.') }},
        {{ slots | length }} * a.block + a.slot as place_a,
        {{ slots | length }} * b.block + b.slot as place_b,
        a.mean as mean_a,
        b.mean as mean_b,
        covariances.covariance
    from covariances
    {%- for side in ['a', 'b'] %}
    inner join slot_means as {{ side }}
        on
            covariances.block_{{ side }} = {{ side }}.block
            and covariances.slot_{{ side }} = {{ side }}.slot
            {%- for column in groups %}
            and covariances.{{ column }} = {{ side }}.{{ column }}
            {%- endfor %}
    {%- endfor %}
    where
        a.mean is not null
        and b.mean is not null
)
{%- endmacro %}

{# `cohort_rows`: the rows of `moments_cohort_periods`, of `cohorts` and `pairs`. A cohort of which no unit counts keeps one, so that it is counted. #}
{% macro cohort_rows() -%}
cohort_rows as (
    select
        cohorts.experiment_id,
        cohorts.metric_id,
        nullif(cohorts.cohort, {{ ai_impact.never_treated() }}) as first_treated_period,
        nullif(cohorts.entered, {{ ai_impact.never_treated() }}) as entered_period,
        cohorts.first_period + pairs.place_a as period_a,
        cohorts.first_period + pairs.place_b as period_b,
        {%- for name in ['n', 'n_left_out', 'n_without_before', 'n_absent'] %}
        cast(cohorts.{{ name }} as {{ dbt.type_bigint() }}) as {{ name }},
        {%- endfor %}
        cohorts.first_row_period,
        cohorts.last_row_period,
        pairs.mean_a,
        pairs.mean_b,
        pairs.covariance
    from cohorts
    inner join experiments on cohorts.experiment_id = experiments.experiment_id
    left join pairs
        on
            cohorts.experiment_id = pairs.experiment_id
            and cohorts.metric_id = pairs.metric_id
            and cohorts.cohort = pairs.cohort
            and cohorts.entered = pairs.entered
)
{%- endmacro %}
