{# A percentile of sorted values, interpolated as percentile_cont does. `values` may leave out values before and after those
   asked for: n counts all of them, n_before those left out before. #}
{% macro percentile_of(values, n_before, n, p) -%}
    {%- set place = ai_impact.percentile_place(n, p) -%}
    {%- set low = ai_impact.array_at(values, 'floor(' ~ place ~ ') - ' ~ n_before, 'double') -%}
    {%- set high = ai_impact.array_at(values, 'ceil(' ~ place ~ ') - ' ~ n_before, 'double') -%}
    ({{ low }} + ({{ place }} - floor({{ place }})) * ({{ high }} - {{ low }}))
{%- endmacro %}

{# Where it lies among n values, counted from 1. #}
{% macro percentile_place(n, p) -%}
    (1 + ({{ n }} - 1) * {{ p }})
{%- endmacro %}

{# The distribution-free interval of a percentile: two order statistics around it (binomial ranks, normal approximation).
   NULL where a rank falls outside of the values. #}
{% macro order_statistic(values, n_before, n, p, side) -%}
    (case
        when {{ ai_impact.interval_rank(n, p, -1) }} >= 1 and {{ ai_impact.interval_rank(n, p, 1) }} <= {{ n }}
            then {{ ai_impact.array_at(values, ai_impact.interval_rank(n, p, side) ~ ' - ' ~ n_before, 'double') }}
    end)
{%- endmacro %}

{# The rank of the order statistic that is an end of the interval of a percentile; it may lie outside of 1 to n. #}
{% macro interval_rank(n, p, side) -%}
    {%- set spread -%}{{ ai_impact.interval_z() }}e0 * sqrt({{ n }} * {{ p * (1 - p) }}){%- endset -%}
    {%- if side == -1 -%}
        floor({{ n }} * {{ p }} - {{ spread }})
    {%- else -%}
        (ceil({{ n }} * {{ p }} + {{ spread }}) + 1)
    {%- endif -%}
{%- endmacro %}

{# The first and the last rank that the macros above read. #}
{% macro first_rank(n, p) -%}
    {{ ai_impact.greatest(['1e0', ai_impact.least([
        'floor(' ~ ai_impact.percentile_place(n, p) ~ ')', ai_impact.interval_rank(n, p, -1)
    ])]) }}
{%- endmacro %}

{# See `first_rank`. #}
{% macro last_rank(n, p) -%}
    {{ ai_impact.least([n ~ ' * 1e0', ai_impact.greatest([
        'ceil(' ~ ai_impact.percentile_place(n, p) ~ ')', ai_impact.interval_rank(n, p, 1)
    ])]) }}
{%- endmacro %}

{# Bins in the order of their values, each five percent wide; what isn't above 0 is in the first. Where values spread as
   durations do, some two in a hundred share a bin. #}
{% macro value_bin(value) -%}
    cast(case when {{ value }} > 0 then floor(20 * ln({{ value }})) else -100000 end as {{ dbt.type_int() }})
{%- endmacro %}

{# Common table expressions that end in `cells`: of each cell of `relation` (rows by period_key, use_case_id, team_id and
   bin) how many values it has, of each percentile which bins hold all that the macros above read of it, and how many
   values come before those; cells of all teams only if asked for. #}
{% macro bracketed_cells(relation, percentiles, all_teams=true) -%}
binned as (
    select
        period_key,
        use_case_id,
        team_id,
        bin,
        count(*) as n
    from {{ relation }}
    group by period_key, use_case_id, team_id, bin
),

cell_bins as (
    select
        period_key,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        bin,
        sum(n) as n
    from binned
    {% if all_teams -%}
        group by {{ ai_impact.cell_sets(['period_key', 'bin']) }}
    {%- else -%}
        group by grouping sets ((period_key, bin, team_id, use_case_id), (period_key, bin, team_id))
    {%- endif %}
),

ranked as (
    select
        *,
        cast(sum(n) over (partition by period_key, use_case_id, team_id) as {{ dbt.type_bigint() }}) as n_cell,
        sum(n) over (
            partition by period_key, use_case_id, team_id
            order by bin
            rows between unbounded preceding and current row
        ) as n_until
    from cell_bins
),

bracketed as (
    select
        period_key,
        use_case_id,
        team_id,
        n_cell as n,
        {%- for name, p in percentiles.items() %}
            coalesce(max(case when n_until < {{ ai_impact.first_rank('n_cell', p) }} then n_until end), 0)
                as n_before_{{ name }},
            min(case when n_until >= {{ ai_impact.first_rank('n_cell', p) }} then bin end) as first_{{ name }},
            min(case when n_until >= {{ ai_impact.last_rank('n_cell', p) }} then bin end) as last_{{ name }}
            {{- ',' if not loop.last }}
        {%- endfor %}
    from ranked
    group by period_key, use_case_id, team_id, n_cell
),

cells as (
    select
        *,
        row_number() over (order by period_key, use_case_id, team_id) as cell
    from bracketed
)
{%- endmacro %}

{# After `bracketed_cells`: its cells, each with the sorted values near each percentile, in `near`. A cell of all has the values of the
   smallest cells, its parts. #}
{% macro values_near(relation, value, percentiles) -%}
parts as (
    select
        cells.*,
        smallest.use_case_id as part_use_case_id,
        smallest.team_id as part_team_id
    from cells
    inner join cells as smallest
        on
            cells.period_key = smallest.period_key
            and cells.use_case_id in ({{ ai_impact.rollup_label() }}, smallest.use_case_id)
            and cells.team_id in ({{ ai_impact.rollup_label() }}, smallest.team_id)
    where
        smallest.use_case_id <> {{ ai_impact.rollup_label() }}
        and smallest.team_id <> {{ ai_impact.rollup_label() }}
),

near as (
    select
        {%- for name in percentiles %}
            {{ ai_impact.sorted_in_bins(relation, value, 'parts', name) }} as values_{{ name }},
        {%- endfor %}
        parts.cell
    from {{ relation }}
    -- Each has its parts. As an inner join this one might be planned before that of the days, and explode.
    left join parts
        on
            {{ relation }}.period_key = parts.period_key
            and {{ relation }}.use_case_id = parts.part_use_case_id
            and {{ relation }}.team_id = parts.part_team_id
    group by parts.cell
)
{%- endmacro %}

{# Inside a group: the sorted values of the bins that hold a percentile of `cells`. #}
{% macro sorted_in_bins(relation, value, cells, name) -%}
    {{ ai_impact.sorted_values(
        'case when ' ~ relation ~ '.bin between ' ~ cells ~ '.first_' ~ name ~ ' and ' ~ cells ~ '.last_' ~ name
        ~ ' then ' ~ relation ~ '.' ~ value ~ ' end'
    ) }}
{%- endmacro %}
