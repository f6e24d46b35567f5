{#
    Periods of a rollout. `kind` is a column: week (from Monday), month, quarter or year, each with the calendar's; NULL for
    `rollout_period_days` each, from the start of the rollout. Period 0 is the one that holds the start; those before it are negative.
#}
{% macro calendar_periods() %}
    {{- return({'month': 1, 'quarter': 3, 'year': 12}) -}}
{% endmacro %}

{# Months since the year 0. #}
{% macro month_number(time) -%}
    (extract(year from {{ time }}) * 12 + extract(month from {{ time }}) - 1)
{%- endmacro %}

{# Weeks since a Monday. #}
{% macro week_number(time) -%}
    floor({{ ai_impact.hours_between("cast('1900-01-01' as " ~ dbt.type_timestamp() ~ ")", time) }} / 168)
{%- endmacro %}

{# Which period a time lies in. #}
{% macro period_of(start, time, kind, rounded='floor') -%}
    case {{ kind }}
        when 'week' then {{ ai_impact.week_number(time) }} - {{ ai_impact.week_number(start) }}
        {%- for name, months in ai_impact.calendar_periods().items() %}
        when '{{ name }}'
            then
                floor({{ ai_impact.month_number(time) }} / {{ months }}.0)
                - floor({{ ai_impact.month_number(start) }} / {{ months }}.0)
        {%- endfor %}
        else {{ rounded }}({{ ai_impact.hours_between(start, time) }} / {{ var('rollout_period_days') * 24 }})
    end
{%- endmacro %}

{# The first period that lies wholly after a time, or begins with it. #}
{% macro first_whole_period(start, time, kind) -%}
    {{ ai_impact.period_of(start, time, kind, 'ceil') }}
    + case
        {%- for name in ['week'] + ai_impact.calendar_periods() | list %}
        when {{ kind }} = '{{ name }}' and {{ time }} > {{ dbt.date_trunc(name, time) }} then 1
        {%- endfor %}
        else 0
    end
{%- endmacro %}

{# The time at which a period begins; `period` is a whole number. #}
{% macro period_start(start, period, kind) -%}
    case {{ kind }}
        when 'week' then {{ ai_impact.add_time('day', period ~ ' * 7', dbt.date_trunc('week', start)) }}
        {%- for name, months in ai_impact.calendar_periods().items() %}
        when '{{ name }}'
            then {{ ai_impact.add_time('month', period ~ ' * ' ~ months, dbt.date_trunc(name, start)) }}
        {%- endfor %}
        else {{ ai_impact.add_time('day', period ~ ' * ' ~ var('rollout_period_days'), start) }}
    end
{%- endmacro %}

{#
    Common table expressions: `periods` that a metric is compared in, and `panels` with their first one. Periods are whole ones within the
    data, because one that was cut short would look like a change, and those in which any unit has a row, because in the others nothing
    was measured. Rows that have one date in each calendar period report the whole of it.
#}
{% macro metric_periods(relation) -%}
dates as (
    select
        experiment_id,
        metric_id,
        period_kind,
        period,
        min(starts_at) as starts_at,
        min(seen_until) as seen_until,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ relation }}
    group by experiment_id, metric_id, period_kind, period
),

spans as (
    select
        experiment_id,
        metric_id,
        min(period) as first_row_period,
        max(period) as last_row_period,
        min(case when period_kind is not null and first_at = last_at then 1 else 0 end) = 1 as is_reported,
        {{ ai_impact.first_whole_period('min(starts_at)', 'min(first_at)', 'period_kind') }} as first_whole,
        {{ ai_impact.period_of('min(starts_at)', 'min(seen_until)', 'period_kind') }} as end_whole
    from dates
    group by experiment_id, metric_id, period_kind
),

periods as (
    select
        dates.experiment_id,
        dates.metric_id,
        dates.period
    from dates
    inner join spans
        on
            dates.experiment_id = spans.experiment_id
            and dates.metric_id = spans.metric_id
    where spans.is_reported or (dates.period >= spans.first_whole and dates.period < spans.end_whole)
),

panels as (
    select
        spans.experiment_id,
        spans.metric_id,
        spans.first_row_period,
        spans.last_row_period,
        spans.is_reported,
        min(periods.period) as first_period,
        max(periods.period) as last_period
    from spans
    inner join periods
        on
            spans.experiment_id = periods.experiment_id
            and spans.metric_id = periods.metric_id
    group by
        spans.experiment_id, spans.metric_id, spans.first_row_period, spans.last_row_period, spans.is_reported
)
{%- endmacro %}

{#
    The first period of the panel that a unit is there for the whole of; NULL where there is none, as for a unit without a sign of life.
    A row for a period shows that the unit existed in it.
#}
{% macro entered_period(start, entered, kind) -%}
    {%- set whole -%}
        case
            when panels.is_reported then {{ ai_impact.period_of(start, entered, kind) }}
            else {{ ai_impact.first_whole_period(start, entered, kind) }}
        end
    {%- endset -%}
    case when {{ whole }} <= panels.last_period then {{ ai_impact.greatest(['panels.first_period', whole]) }} end
{%- endmacro %}

{# Of each series of counterfactual_series the days that one value is of; of averages, one of what was averaged. #}
{% macro days_of_series(series) -%}
    select
        experiment_id,
        metric_id,
        max(case
            {%- for kind, days in [('day', 1), ('month', 365.25 / 12), ('quarter', 365.25 / 4), ('year', 365.25)] %}
            when period like '%{{ kind }}' then {{ days }}
            {%- endfor %}
            else 7
        end) as days
    from {{ series }}
    group by experiment_id, metric_id
{%- endmacro %}
