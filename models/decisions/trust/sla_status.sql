{#- The state of every service level at the end of the data, and at the end of each day of the four weeks before: what
    is left of the error budget, how fast it burns, and which rule says so. See docs/trust.md. -#}
{%- set rules = ai_impact.burn_rules() -%}
{%- set windows = [1, 6, 72] -%}
with targets as (
    select
        *,
        1e0 - objective as budget,
        {{ ai_impact.indicator_source('indicator') }} as source
    from {{ ref('ai_impact', 'slo_targets') }}
),

hourly as (
    select * from {{ ref('ai_impact', 'int_indicators_hourly') }}
),

outages as (
    select * from {{ ref('ai_impact', 'int_outages') }}
),

incidents as (
    select * from {{ ref('ai_impact', 'fct_incidents') }}
),

observed as (
    select * from {{ ref('ai_impact', 'int_observed_until') }}
    where observed_until_hour is not null
),

days as (
    select cast(date_day as {{ ai_impact.physical_type('timestamp') }}) as day_start
    from {{ ref('ai_impact', 'dim_dates') }}
),

ends as (
    select
        observed_until_hour as as_of,
        true as is_latest
    from observed
    union all
    select
        days.day_start as as_of,
        false as is_latest
    from days
    inner join observed
        on
            days.day_start < observed.observed_until_hour
            and days.day_start > {{ ai_impact.add_time('day', -28, 'observed.observed_until_hour') }}
),

{{ ai_impact.indicator_sources() }},

{{ ai_impact.indicator_windows(windows) }},

{{ ai_impact.indicator_states(windows) }},

final as (
    select
        {{ ai_impact.hash_key([
            'use_case_id', 'indicator', ai_impact.to_text('as_of', 'timestamp')
        ]) }} as sla_key,
        use_case_id,
        indicator,
        as_of,
        is_latest,
        objective,
        cast(window_days as bigint) as window_days,
        budget_policy,
        cast(round(n_all) as bigint) as n_events,
        cast(round(bad_all) as bigint) as n_bad_events,
        1e0 - bad_all / nullif(n_all, 0) as value,
        budget_left,
        {% for rule in rules -%}
            burn_{{ rule.hours }}h,
            case
                when {{ ai_impact.burn_factor(rule, 'window_days') }} * budget < 1
                    then {{ ai_impact.burn_factor(rule, 'window_days') }}
            end as factor_{{ rule.hours }}h,
        {% endfor -%}
        cast(rule_hours as bigint) as burning_rule_hours,
        state,
        heard_until,
        unknown_reason as reason,
        {{ ai_impact.level_sentence() }} as sentence
    from stated
)

select * from final
