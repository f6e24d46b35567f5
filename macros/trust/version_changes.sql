{# Common table expressions that end in `compared`, from `calls` by hour: the times of use of each version, who answered before, and which
   hours are compared. After two weeks without a call a version is new again. #}
{% macro version_changes(calls) -%}
named as (
    {% for kind in ai_impact.version_kinds() %}
        select
            use_case_id,
            '{{ kind }}' as version_kind,
            {{ kind }} as version,
            called_hour,
            sum(calls) as calls
        from {{ calls }}
        where {{ kind }} is not null
        group by use_case_id, {{ kind }}, called_hour
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

seen as (
    select
        *,
        max(called_hour) over (partition by use_case_id, version_kind) as used_until,
        lag(called_hour) over (partition by use_case_id, version_kind, version order by called_hour) as seen_before
    from named
),

numbered as (
    select
        *,
        sum(case when seen_before >= {{ ai_impact.add_time('day', -14, 'called_hour') }} then 0 else 1 end)
            over (
                partition by use_case_id, version_kind, version order by called_hour
                rows between unbounded preceding and current row
            ) as stint
    from seen
),

stints as (
    select
        use_case_id,
        version_kind,
        version,
        stint,
        min(called_hour) as started_at,
        {{ ai_impact.add_time('hour', 1, 'max(called_hour)') }} as ended_at,
        max(called_hour) >= {{ ai_impact.add_time('day', -1, 'max(used_until)') }} as is_in_use
    from numbered
    group by use_case_id, version_kind, version, stint
),

{# What is compared after another change, of whatever kind, is the doing of that one too; one release may take a day. #}
overtaken as (
    select
        stints.use_case_id,
        stints.version_kind,
        stints.version,
        stints.stint,
        min(later.started_at) as overtaken_at
    from stints
    inner join stints as later
        on
            stints.use_case_id = later.use_case_id
            and {{ ai_impact.add_time('day', 1, 'stints.started_at') }} <= later.started_at
    group by stints.use_case_id, stints.version_kind, stints.version, stints.stint
),

before as (
    select
        stints.use_case_id,
        stints.version_kind,
        stints.version,
        stints.stint,
        named.version as previous_version,
        row_number() over (
            partition by stints.use_case_id, stints.version_kind, stints.version, stints.stint
            order by sum(named.calls) desc, named.version
        ) as place
    from stints
    inner join named
        on
            stints.use_case_id = named.use_case_id
            and stints.version_kind = named.version_kind
            and stints.version <> named.version
            and stints.started_at > named.called_hour
            and {{ ai_impact.add_time('day', -28, 'stints.started_at') }} <= named.called_hour
    group by stints.use_case_id, stints.version_kind, stints.version, stints.stint, named.version
),

compared as (
    select
        stints.*,
        'new_version' as change_kind,
        before.previous_version,
        {{ ai_impact.add_time('day', -28, 'stints.started_at') }} as reference_from,
        stints.started_at as reference_to,
        stints.started_at as current_from,
        {{ ai_impact.least([
            ai_impact.add_time('day', 28, 'stints.started_at'),
            "coalesce(overtaken.overtaken_at, " ~ ai_impact.add_time('day', 28, 'stints.started_at') ~ ")"
        ]) }} as current_to
    from stints
    inner join before
        on
            stints.use_case_id = before.use_case_id
            and stints.version_kind = before.version_kind
            and stints.version = before.version
            and stints.stint = before.stint
            and before.place = 1
    left join overtaken
        on
            stints.use_case_id = overtaken.use_case_id
            and stints.version_kind = overtaken.version_kind
            and stints.version = overtaken.version
            and stints.stint = overtaken.stint
    union all
    select
        stints.*,
        'same_version' as change_kind,
        stints.version as previous_version,
        stints.started_at as reference_from,
        {{ ai_impact.add_time('day', 28, 'stints.started_at') }} as reference_to,
        {{ ai_impact.add_time('day', -7, 'stints.ended_at') }} as current_from,
        stints.ended_at as current_to
    from stints
    where stints.ended_at >= {{ ai_impact.add_time('day', 35, 'stints.started_at') }}
)
{%- endmacro %}

{# The common table expression `named`: the rows of a relation once for each kind of version that they name. #}
{% macro named_versions(relation) -%}
named as (
    {%- for kind in ai_impact.version_kinds() %}
    select
        '{{ kind }}' as version_kind,
        {{ kind }} as version,
        {{ relation }}.*
    from {{ relation }}
    where {{ kind }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}
