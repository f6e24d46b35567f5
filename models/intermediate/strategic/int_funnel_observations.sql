{#- Each unit that reached a stage of the funnel, and whether it reached the next one within the window. Only
    units whose window is over count: the others could still convert. The first stage is work for the unit, the
    further ones are its outcomes. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
{%- set stages = var('funnel_stages') | map('lower') | list -%}
{%- set units = ai_impact.quoted(ai_impact.same_kind(var('funnel_unit_type'))) -%}
with tasks as (
    select * from {{ ref('ai_impact', 'int_tasks') }}
    where subject_type in ({{ units }}) and subject_id is not null
),

outcomes as (
    select
        unit_type,
        unit_id,
        occurred_at,
        lower(name) as name
    from {{ ref('ai_impact', 'stg_outcome_events') }}
    where unit_type in ({{ units }})
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
),

seen as (
    select observed_until as seen_until from {{ ref('ai_impact', 'int_observed_until') }}
),

seen_units as (
    select
        subject_type as id_type,
        subject_id as id,
        {{ ai_impact.quoted([stages[0]]) }} as stage,
        min(first_occurred_at) as reached_at
    from tasks
    group by subject_type, subject_id
    union all
    select
        unit_type,
        unit_id,
        name,
        min(occurred_at)
    from outcomes
    where name <> {{ ai_impact.quoted([stages[0]]) }}
    group by unit_type, unit_id, name
),

-- A unit that is known under several ids reaches a stage once.
reached as (
    select
        coalesce(known_ids.known_as, seen_units.id) as unit_id,
        seen_units.stage,
        min(seen_units.reached_at) as reached_at
    from seen_units
    left join known_ids on seen_units.id_type = known_ids.id_type and seen_units.id = known_ids.id
    group by coalesce(known_ids.known_as, seen_units.id), seen_units.stage
),

stages_seen as (
    select distinct stage from reached
),

final as (
    {% for stage in stages[1:] %}
        select
            {{ ai_impact.quoted(['conversion_' ~ stages[loop.index0] ~ '_to_' ~ stage]) }} as kpi_id,
            'share' as kind,
            100 as scale,
            cast(null as {{ dbt.type_string() }}) as use_case_id,
            cast(units.reached_at as date) as observed_on,
            cast(null as {{ dbt.type_string() }}) as person_id,
            cast(
                case
                    when
                        later.reached_at
                        <= {{ ai_impact.add_time('day', var('funnel_window_days'), 'units.reached_at') }}
                        then 1
                    else 0
                end as {{ ai_impact.physical_type('double') }}
            ) as numerator,
            cast(1 as {{ ai_impact.physical_type('double') }}) as denominator,
            cast(null as {{ dbt.type_string() }}) as problem
        from reached as units
        cross join seen
        -- Where nobody ever reached it, nobody looked.
        inner join stages_seen on stages_seen.stage = {{ ai_impact.quoted([stage]) }}
        left join reached as later on units.unit_id = later.unit_id and later.stage = {{ ai_impact.quoted([stage]) }}
        where
            units.stage = {{ ai_impact.quoted([stages[loop.index0]]) }}
            and {{ ai_impact.add_time('day', var('funnel_window_days'), 'units.reached_at') }} <= seen.seen_until
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
