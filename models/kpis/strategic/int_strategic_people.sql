{#- How many distinct people stand behind each cell, and whether it may be shown: not where they, or those it leaves
    out, are too few; not where a window less whole months would leave the work of too few; not the total where a
    part is hidden. A hidden month is hidden with the next one that is shown, and windows have both or none, so that
    what can be had by subtraction is the work of k people. -#}
{%- set k = var('k_anonymity') -%}
with person_days as (
    select * from {{ ref('int_strategic_people_daily') }}
),

periods as (
    select * from {{ ref('int_long_periods') }}
),

counted as (
    select
        {% for column in ['period_key', 'period_grain', 'period_start', 'period_end'] -%}
            periods.{{ column }},
        {% endfor -%}
        person_days.kpi_id,
        person_days.use_case_id,
        person_days.is_rest,
        count(distinct person_days.person_id) as n_people
    from person_days
    inner join periods on person_days.observed_on = periods.date_day
    group by
        periods.period_key, periods.period_grain, periods.period_start, periods.period_end, person_days.kpi_id,
        person_days.use_case_id, person_days.is_rest
),

-- The two parts of the month in which a window starts: what the window shares with it, and what comes before.
pieces as (
    select
        counted.period_key,
        counted.kpi_id,
        counted.use_case_id,
        counted.is_rest,
        count(distinct case when who.observed_on < counted.period_start then who.person_id end) as before,
        count(distinct case when who.observed_on >= counted.period_start then who.person_id end) as after
    from counted
    inner join person_days as who
        on
            counted.kpi_id = who.kpi_id
            and counted.use_case_id = who.use_case_id
            and counted.is_rest = who.is_rest
            and {{ ai_impact.month_of('counted.period_start') }} = {{ ai_impact.month_of('who.observed_on') }}
    where
        counted.period_grain in ('rolling_90d', 'rolling_365d')
        and counted.kpi_id not in ({{ ai_impact.quoted(ai_impact.kpis_of_windows()) }})
    group by counted.period_key, counted.kpi_id, counted.use_case_id, counted.is_rest
),

hidden as (
    select
        {% for column in ['period_key', 'period_grain', 'period_start', 'period_end', 'kpi_id', 'use_case_id'] -%}
            counted.{{ column }},
        {% endfor -%}
        sum(case when counted.is_rest = 0 then counted.n_people else 0 end) as n_people,
        max(case
            when counted.n_people < {{ k }} then 1
            when pieces.before between 1 and {{ k }} - 1 then 1
            when pieces.after between 1 and {{ k }} - 1 then 1
            else 0
        end) as is_hidden
    from counted
    left join pieces
        on
            counted.period_key = pieces.period_key
            and counted.kpi_id = pieces.kpi_id
            and counted.use_case_id = pieces.use_case_id
            and counted.is_rest = pieces.is_rest
    group by
        counted.period_key, counted.period_grain, counted.period_start, counted.period_end, counted.kpi_id,
        counted.use_case_id
),

blocks as (
    {{ ai_impact.hidden_months('hidden') }}
),

cut as (
    select distinct
        hidden.period_key,
        hidden.kpi_id
    from hidden
    inner join blocks
        on
            hidden.kpi_id = blocks.kpi_id
            and hidden.period_end > blocks.first_month
            and {{ ai_impact.month_of('hidden.period_start') }} <= blocks.last_month
    where
        hidden.period_grain in ('month', 'rolling_90d', 'rolling_365d')
        and not (hidden.period_start <= blocks.first_month and hidden.period_end > blocks.last_month)
),

final as (
    select
        hidden.period_key,
        hidden.kpi_id,
        hidden.use_case_id,
        hidden.n_people,
        hidden.is_hidden = 1
        or cut.period_key is not null
        or (
            hidden.use_case_id = {{ ai_impact.rollup_label() }}
            and max(hidden.is_hidden) over (partition by hidden.period_key, hidden.kpi_id) = 1
        ) as is_suppressed
    from hidden
    left join cut on hidden.period_key = cut.period_key and hidden.kpi_id = cut.kpi_id
)

select * from final
