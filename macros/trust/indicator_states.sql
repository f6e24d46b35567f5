{# Common table expressions that end in `sources`, from `hourly`, `incidents` and `ends`: until when each source was heard at a time, and whether
   it is stale: silent for a day, and for longer than ever before. #}
{% macro indicator_sources() -%}
heard as (
    select distinct
        source,
        called_hour
    from hourly
    {{ ai_impact.union_distinct() }}
    select distinct
        'incidents' as source,
        {{ ai_impact.hour_of('coalesce(resolved_at, opened_at)') }} as called_hour
    from incidents
    where opened_at is not null
),

gaps as (
    select
        source,
        called_hour,
        {{ ai_impact.hours_between(
            'lag(called_hour) over (partition by source order by called_hour)', 'called_hour'
        ) }} as gap_hours
    from heard
),

sources as (
    select
        ends.as_of,
        gaps.source,
        {{ ai_impact.add_time('hour', 1, 'max(gaps.called_hour)') }} as heard_until,
        {{ ai_impact.hours_between('max(gaps.called_hour)', 'ends.as_of') }}
        > {{ ai_impact.greatest(['24e0', 'coalesce(max(gaps.gap_hours), 24e0)']) }} + 1e0 as is_stale
    from ends
    inner join gaps on gaps.called_hour < ends.as_of
    group by ends.as_of, gaps.source
)
{%- endmacro %}

{# Common table expressions that end in `stated`, from `counted` and `sources`: how fast each budget burns, by which rule, and the state. #}
{% macro indicator_states(windows) -%}
{%- set rules = ai_impact.burn_rules() -%}
paced as (
    select
        counted.*,
        {% for hours in windows -%}
            bad_{{ hours }} / nullif(n_{{ hours }} * budget, 0) as burn_{{ hours }}h,
        {% endfor -%}
        1e0 - bad_all / nullif(n_all * budget, 0) as budget_left,
        {{ ai_impact.is_beyond('bad_all', 'n_all', 'budget') }} as is_spent_for_sure,
        case
            {%- for rule in rules %}
            when
                bad_{{ rule.short }} >= {{ ai_impact.burn_factor(rule, 'window_days') }} * budget * n_{{ rule.short }}
                and n_{{ rule.short }} > 0
                and {{ ai_impact.is_beyond(
                    'bad_' ~ rule.hours, 'n_' ~ rule.hours, ai_impact.burn_factor(rule, 'window_days') ~ ' * budget'
                ) }}
                then {{ rule.hours }}
            {%- endfor %}
        end as rule_hours
    from counted
),

judged as (
    select
        paced.*,
        sources.heard_until,
        case
            when sources.is_stale is null then 'No event of the source ' || paced.source || ' was ever received.'
            when sources.is_stale then 'The source ' || paced.source || ' has been silent for longer than ever before.'
            when paced.n_all < {{ var('min_observations') }}
                then 'Fewer than {{ var("min_observations") }} events in the period of the objective.'
        end as unknown_reason
    from paced
    left join sources on paced.as_of = sources.as_of and paced.source = sources.source
),

stated as (
    select
        judged.*,
        case
            when unknown_reason is not null then 'unknown'
            when rule_hours in (1, 6) then 'breach'
            when budget_left < 0 and is_spent_for_sure and burn_72h >= 1 then 'breach'
            when rule_hours = 72 then 'warning'
            when budget_left < 0 and burn_72h >= 1 then 'warning'
            when budget_left < 0 then 'recovering'
            else 'ok'
        end as state
    from judged
)
{%- endmacro %}

{# The state of a service level in a sentence, from a row of `stated`. #}
{% macro level_sentence() -%}
    indicator || ' of ' || use_case_id || ' is ' || case
        when state = 'unknown' then 'unknown: ' || unknown_reason
        else
            state || ': ' || {{ ai_impact.rounded_text('100 * bad_all / nullif(n_all, 0)', 2) }} || ' % of its events are bad, of '
            || {{ ai_impact.rounded_text('100 * budget', 2) }} || ' % that its objective allows'
            || case
                when rule_hours is not null
                    then '; its budget burns too fast, by the rule of ' || cast(rule_hours as {{ dbt.type_string() }}) || ' hours'
                else ''
            end
            || '. Policy: ' || coalesce(budget_policy, 'none') || '.'
    end
{%- endmacro %}
