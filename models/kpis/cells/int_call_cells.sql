{#- The sums of calls of every complete period, by use case and of all, and the rule that hides them, if one does: that
    of the people of the use case. A task counts once, in the hour of its last call. -#}
{%- set counts, amounts = ai_impact.call_cell_counts(), ai_impact.call_cell_amounts() -%}
{%- set of_tasks = ['called_tasks', 'token_tasks', 'priced_tasks', 'grounded_tasks'] + amounts[-4:] -%}
with hours as (
    select * from {{ ref('ai_impact', 'int_calls_hourly') }}
),

grounded as (
    select distinct task_id from {{ ref('ai_impact', 'int_verdicts') }}
    where criterion = 'groundedness'
),

tasks as (
    select
        {{ ai_impact.hour_of('task_calls.last_called_at') }} as called_hour,
        {{ ai_impact.mapped('task_calls.use_case_id') }} as use_case_id,
        1 as called_tasks,
        case when task_calls.tokens is not null then 1 end as token_tasks,
        task_calls.tokens as task_tokens,
        1e0 * task_calls.tokens * task_calls.tokens as task_tokens_squared,
        case when grounded.task_id is not null then 1 end as grounded_tasks,
        case when task_calls.call_count > 0 and task_calls.unpriced_call_count = 0 then 1 end as priced_tasks,
        case when task_calls.unpriced_call_count = 0 then task_calls.compute_cost end as task_cost,
        case when task_calls.unpriced_call_count = 0 then task_calls.compute_cost * task_calls.compute_cost end
            as task_cost_squared
    from {{ ref('ai_impact', 'int_task_calls') }} as task_calls
    left join grounded on task_calls.task_id = grounded.task_id
    where task_calls.last_called_at is not null
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain in ('hour', 'day', 'week', 'month', 'rolling_90d')
),

period_days as (
    select days.* from {{ ref('ai_impact', 'int_kpi_period_days') }} as days
    inner join periods on days.period_key = periods.period_key
),

people as (
    select * from {{ ref('ai_impact', 'int_kpi_people') }}
    where team_id = {{ ai_impact.rollup_label() }}
),

hidden_periods as (
    select * from {{ ref('ai_impact', 'int_hidden_periods') }}
    where family = 'execution' and column_id = {{ ai_impact.rollup_label() }}
),

parts as (
    select
        called_hour,
        use_case_id,
        {% for column in counts + amounts -%}
            {{ '0 as ' ~ column if column in of_tasks else column }},
        {% endfor -%}
        call_hash
    from hours
    union all
    select
        called_hour,
        use_case_id,
        {% for column in counts + amounts -%}
            {{ column if column in of_tasks else 0 }},
        {% endfor -%}
        0 as call_hash
    from tasks
),

by_hour as (
    select
        called_hour,
        cast(called_hour as date) as called_on,
        use_case_id,
        {{ ai_impact.input_hash(
            ['called_hour', 'use_case_id', 'call_hash', "'" ~ var('confidence_level') ~ "'"]
        ) }} as input_hash,
        {{ ai_impact.kpi_sums(counts, amounts) }}
    from parts
    group by called_hour, use_case_id
),

by_day as (
    select
        called_on,
        use_case_id,
        sum(input_hash) as input_hash,
        {{ ai_impact.kpi_sums(counts, amounts) }}
    from by_hour
    group by called_on, use_case_id
),

in_periods as (
    {% for part, periods, on in [
        ('by_day', 'period_days', 'by_day.called_on = period_days.date_day'),
        ('by_hour', 'periods', "by_hour.called_hour = periods.starts_at and periods.period_grain = 'hour'")
    ] %}
        select
            {{ periods }}.period_key,
            {{ part }}.use_case_id,
            {{ part }}.input_hash,
            {{ part }}.{{ (counts + amounts) | join(', ' ~ part ~ '.') }}
        from {{ part }}
        inner join {{ periods }} on {{ on }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

sums as (
    select
        period_key,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        sum(input_hash) as input_hash,
        {{ ai_impact.kpi_sums(counts, amounts) }}
    from in_periods
    group by grouping sets ((period_key, use_case_id), (period_key))
),

-- A hidden use case has a row in every period in which any has calls.
cells as (
    select
        period_key,
        use_case_id
    from sums
    {{ ai_impact.union_distinct() }}
    select
        period_key,
        row_id
    from hidden_periods
    where period_key in (select sums.period_key from sums)
),

final as (
    select
        cells.period_key,
        cells.use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        sums.input_hash,
        sums.{{ (counts + amounts) | join(', sums.') }},
        sums.accepted_suggestions + sums.rejected_suggestions as judged_suggestions,
        coalesce(people.n_people, 0) as n_people,
        hidden_periods.suppression_rule
    from cells
    left join sums on cells.period_key = sums.period_key and cells.use_case_id = sums.use_case_id
    left join people on cells.period_key = people.period_key and cells.use_case_id = people.use_case_id
    left join hidden_periods
        on cells.period_key = hidden_periods.period_key and cells.use_case_id = hidden_periods.row_id
)

select * from final
