{{ config(materialized='table') }}
{%- set double = ai_impact.physical_type('double') -%}
{%- set off, unread = [], {} -%}
{%- for name in ai_impact.source_names() -%}
    {%- if not ai_impact.source_is_enabled(name) -%}
        {%- do off.append(name) -%}
    {%- else -%}
        {%- set columns = ai_impact.unread_columns(name) -%}
        {%- do unread.update({name: columns} if columns else {}) -%}
    {%- endif -%}
{%- endfor -%}
with source_conditions as (
    select * from {{ ref('ai_impact', 'source_conditions') }}
),

instrumentation as (
    select * from {{ ref('ai_impact', 'instrumentation_coverage') }}
),

kpi_catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

covered as (
    select
        *,
        row_number() over (partition by kpi_id order by period_end desc) as place
    from {{ ref('ai_impact', 'kpi_values') }}
    where period_grain = 'rolling_90d' and use_case_id is null and team_id is null and coverage is not null
),

days as (
    select max(as_of) as as_of from {{ ref('ai_impact', 'source_days') }}
),

found as (
    select
        'source' as subject_type,
        source as subject_id,
        check_id,
        as_of,
        figure,
        threshold,
        state,
        sentence
    from source_conditions
    where source not in ({{ "'" ~ (off + ['']) | join("', '") ~ "'" }})
    {% for name in off %}
        union all
        select
            'source' as subject_type,
            '{{ name }}' as subject_id,
            'switched_on' as check_id,
            as_of,
            cast(null as {{ double }}) as figure,
            cast(null as {{ double }}) as threshold,
            'off' as state,
            'It is switched off: set the var {{ name }}_enabled to true to read it.' as sentence
        from days
    {%- endfor %}
    {% for name, columns in unread.items() %}
        union all
        select
            'source' as subject_type,
            '{{ name }}' as subject_id,
            'columns' as check_id,
            as_of,
            cast({{ columns | length }} as {{ double }}) as figure,
            cast(null as {{ double }}) as threshold,
            'info' as state,
            {{ ai_impact.text_literal('Its table has columns that are not read: ' ~ columns | join(', ') ~ '.') }} as sentence
        from days
    {%- endfor %}
    union all
    select
        subject_type,
        subject_id,
        check_id,
        as_of,
        figure,
        threshold,
        state,
        sentence
    from instrumentation
    cross join days
    union all
    select
        'kpi' as subject_type,
        covered.kpi_id as subject_id,
        'coverage' as check_id,
        days.as_of,
        covered.coverage as figure,
        cast({{ var('min_cost_coverage') }} as {{ double }}) as threshold,
        case when covered.coverage < {{ var('min_cost_coverage') }} then 'warning' else 'ok' end as state,
        'It rests on ' || cast(cast(floor(100 * covered.coverage + 0.5) as bigint) as {{ dbt.type_string() }})
        || ' % of what it is about, in the newest 90 days.' || coalesce(' ' || covered.reason, '') as sentence
    from covered
    cross join days
    where covered.place = 1
),

touched as (
    select
        found.subject_type,
        found.subject_id,
        found.check_id,
        {{ ai_impact.joined_sorted('kpi_catalog.kpi_id', '|') }} as kpi_ids
    from found
    inner join kpi_catalog
        on
            found.subject_type = 'source' and {{ ai_impact.in_list('found.subject_id', 'kpi_catalog.sources') }}
            or found.subject_type = 'kpi' and found.subject_id = kpi_catalog.kpi_id
            or found.subject_type = 'experiment' and found.subject_id = kpi_catalog.causal_experiment_id
    group by found.subject_type, found.subject_id, found.check_id
),

final as (
    select
        {{ ai_impact.hash_key(['found.subject_type', 'found.subject_id', 'found.check_id']) }} as quality_key,
        found.*,
        touched.kpi_ids
    from found
    left join touched
        on
            found.subject_type = touched.subject_type
            and found.subject_id = touched.subject_id
            and found.check_id = touched.check_id
)

select * from final
