{# Common table expressions that end in `burning` and `acknowledged`, from `drift`, `changes`, `targets`, `hourly` and `decision_events`: the metric
   that was worse first, the objective that burnt first under the new version, and what a person decided. #}
{% macro rollback_evidence() -%}
{%- set order = [ai_impact.event_order('occurred_at', 'event_key')] -%}
worst as (
    select
        drift.*,
        count(*) over (partition by change_key) as n_worse,
        row_number() over (partition by change_key order by first_worse_at, metric) as place
    from drift
),

burnt as (
    select
        worst.change_key,
        targets.indicator,
        targets.objective,
        targets.budget_policy,
        worst.first_worse_at,
        {{ ai_impact.add_time('hour', 1, 'hourly.called_hour') }} as known_at,
        sum(sum(hourly.n_events)) over (
            partition by worst.change_key, targets.indicator order by hourly.called_hour
            rows between unbounded preceding and current row
        ) as n_events,
        sum(sum(hourly.n_bad)) over (
            partition by worst.change_key, targets.indicator order by hourly.called_hour
            rows between unbounded preceding and current row
        ) as n_bad
    from worst
    inner join changes on worst.change_key = changes.change_key
    inner join targets on worst.use_case_id = targets.use_case_id
    inner join hourly
        on
            targets.use_case_id = hourly.use_case_id
            and targets.indicator = hourly.indicator
            and worst.version = case worst.version_kind
                {%- for kind in ai_impact.version_kinds() %} when '{{ kind }}' then hourly.{{ kind }}{% endfor %} end
            and hourly.called_hour >= changes.current_from
            and hourly.called_hour < changes.current_to
    where worst.place = 1
    group by
        worst.change_key, targets.indicator, targets.objective, targets.budget_policy, worst.first_worse_at,
        hourly.called_hour
),

burning as (
    select
        *,
        n_bad / nullif(n_events * (1e0 - objective), 0) as burn_rate,
        row_number() over (partition by change_key order by known_at, indicator) as place
    from burnt
    where
        known_at >= first_worse_at
        and n_events >= {{ var('min_observations') }}
        and n_bad >= {{ ai_impact.least_bad_events() }}
        and n_bad >= n_events * (1e0 - objective)
),

acknowledged as (
    select
        subject_id,
        min(occurred_at) as acknowledged_at,
        {{ ai_impact.latest('human_action', order) }} as human_action
    from decision_events
    group by subject_id
)
{%- endmacro %}
