{# Common table expressions that end in `counted`: of each objective and time, events and bad events of each window of so many hours before,
   and of the objective's whole period. Of uptime the events are minutes of services, from the first incident on. #}
{% macro indicator_windows(windows) -%}
{%- set double = ai_impact.physical_type('double') -%}
counted_events as (
    select
        targets.use_case_id,
        targets.indicator,
        ends.as_of,
        {%- for hours in windows %}
        {%- set inside = 'hourly.called_hour >= ' ~ ai_impact.add_time('hour', -hours, 'ends.as_of') %}
        cast(sum(case when {{ inside }} then hourly.n_events else 0 end) as {{ double }}) as n_{{ hours }},
        cast(sum(case when {{ inside }} then hourly.n_bad else 0 end) as {{ double }}) as bad_{{ hours }},
        {%- endfor %}
        cast(coalesce(sum(hourly.n_events), 0) as {{ double }}) as n_all,
        cast(coalesce(sum(hourly.n_bad), 0) as {{ double }}) as bad_all
    from targets
    cross join ends
    left join hourly
        on
            targets.use_case_id = hourly.use_case_id
            and targets.indicator = hourly.indicator
            and ends.as_of > hourly.called_hour
            and {{ ai_impact.add_time('day', '-targets.window_days', 'ends.as_of') }} <= hourly.called_hour
    where targets.indicator <> 'uptime'
    group by targets.use_case_id, targets.indicator, ends.as_of
),

watched as (
    select
        min(opened_at) as watched_from,
        count(distinct {{ ai_impact.mapped('service_id') }}) as services
    from incidents
),

opened as (
    select
        targets.use_case_id,
        ends.as_of,
        watched.watched_from,
        watched.services,
        {%- for hours in windows %}
        {{ ai_impact.greatest([ai_impact.add_time('hour', -hours, 'ends.as_of'), 'watched.watched_from']) }} as from_{{ hours }},
        {%- endfor %}
        {{ ai_impact.greatest([ai_impact.add_time('day', '-targets.window_days', 'ends.as_of'), 'watched.watched_from']) }} as from_all
    from targets
    cross join ends
    inner join watched on watched.watched_from < ends.as_of
    where targets.indicator = 'uptime'
),

counted_minutes as (
    select
        opened.use_case_id,
        'uptime' as indicator,
        opened.as_of,
        {%- for hours in windows + ['all'] %}
        60e0 * max(opened.services) * max({{ ai_impact.hours_between('opened.from_' ~ hours, 'opened.as_of') }}) as n_{{ hours }},
        60e0 * coalesce(sum(case when outages.ended_at > opened.from_{{ hours }} then {{ ai_impact.hours_between(
            ai_impact.greatest(['outages.started_at', 'opened.from_' ~ hours]), ai_impact.least(['outages.ended_at', 'opened.as_of'])
        ) }} end), 0e0) as bad_{{ hours }}{{ ',' if not loop.last }}
        {%- endfor %}
    from opened
    left join outages on opened.as_of > outages.started_at and opened.from_all < outages.ended_at
    group by opened.use_case_id, opened.as_of
),

counted as (
    select
        targets.*,
        ends.as_of,
        ends.is_latest,
        {%- for hours in windows + ['all'] %}
        coalesce(events.n_{{ hours }}, 0e0) as n_{{ hours }},
        coalesce(events.bad_{{ hours }}, 0e0) as bad_{{ hours }}{{ ',' if not loop.last }}
        {%- endfor %}
    from targets
    cross join ends
    left join (
        select * from counted_events
        union all
        select * from counted_minutes
    ) as events
        on
            targets.use_case_id = events.use_case_id
            and targets.indicator = events.indicator
            and ends.as_of = events.as_of
)
{%- endmacro %}
