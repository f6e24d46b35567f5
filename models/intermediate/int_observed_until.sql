{#- From when to when there are data: from the first task to the last thing that any source says has occurred. What is
    dated ahead counts on the day it was received. Charges, covariates and links don't count: they describe what
    occurred, often much later. -#}
{%- set happenings = {
    'stg_task_events': 'occurred_at', 'stg_ai_events': 'occurred_at', 'stg_decision_events': 'occurred_at',
    'stg_evaluations': 'occurred_at', 'stg_assignments': 'occurred_at', 'stg_touches': 'occurred_at',
    'stg_outcome_events': 'occurred_at', 'stg_survey_responses': 'occurred_at', 'stg_market_signals': 'occurred_at',
    'stg_opportunities': 'updated_at', 'stg_incidents': 'updated_at', 'stg_requisitions': 'updated_at'
} -%}
with
{% for source in happenings %}
    {{ source }} as (
        select * from {{ ref('ai_impact', source) }}
    ),
{% endfor %}
edges as (
    {% for source, at in happenings.items() %}
        select
            min({{ 'occurred_at' if source == 'stg_task_events' else 'cast(null as ' ~ dbt.type_timestamp() ~ ')' }})
                as first_at,
            max({{ ai_impact.least([at, 'received_at']) }}) as last_at,
            max(received_at) as received_at
        from {{ source }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    -- The last day is whole only once something was received after it.
    select
        cast(min(first_at) as date) as first_day,
        cast(max(last_at) as date) as last_day,
        cast(
            {{ ai_impact.least([ai_impact.add_days('max(last_at)', 1), 'cast(max(received_at) as date)']) }}
            as {{ ai_impact.physical_type('timestamp') }}
        ) as observed_until,
        -- An hour is so, too.
        {{ ai_impact.hour_of(ai_impact.least([ai_impact.add_time('hour', 1, 'max(last_at)'), 'max(received_at)'])) }}
            as observed_until_hour
    from edges
)

select * from final
