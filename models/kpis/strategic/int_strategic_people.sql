{#- How many distinct people stand behind each cell, and whether it may be shown: not where they are too few; not
    where a window less whole months would leave the work of too few; and not the total where a part is hidden.
    -#}
with observations as (
    select * from {{ ref('int_strategic_observations') }}
),

periods as (
    select * from {{ ref('int_long_periods') }}
),

spells as (
    select * from {{ ref('int_spells') }}
),

stood as (
    select
        kpi_id,
        use_case_id,
        observed_on,
        person_id
    from observations
    where y is not null
    union all
    select
        kpi_id,
        cast(null as {{ dbt.type_string() }}),
        started_on,
        person_id
    from spells
),

person_days as (
    select distinct
        kpi_id,
        {{ ai_impact.all_of_them() }} as use_case_id,
        observed_on,
        person_id
    from stood
    where person_id is not null
    {{ ai_impact.union_distinct() }}
    select
        kpi_id,
        use_case_id,
        observed_on,
        person_id
    from stood
    where person_id is not null and use_case_id is not null
),

counted as (
    select
        periods.period_key,
        periods.period_grain,
        periods.period_start,
        person_days.kpi_id,
        person_days.use_case_id,
        count(distinct person_days.person_id) as n_people
    from person_days
    inner join periods on person_days.observed_on = periods.date_day
    group by
        periods.period_key,
        periods.period_grain,
        periods.period_start,
        person_days.kpi_id,
        person_days.use_case_id
),

-- The two parts of the month in which a window starts: what the window shares with it, and what comes before.
pieces as (
    select
        counted.period_key,
        counted.kpi_id,
        counted.use_case_id,
        count(distinct case when who.observed_on < counted.period_start then who.person_id end) as before,
        count(distinct case when who.observed_on >= counted.period_start then who.person_id end) as after
    from counted
    inner join person_days as who
        on
            counted.kpi_id = who.kpi_id
            and counted.use_case_id = who.use_case_id
            and {{ ai_impact.month_of('counted.period_start') }} = {{ ai_impact.month_of('who.observed_on') }}
    where
        counted.period_grain in ('rolling_90d', 'rolling_365d')
        and counted.kpi_id not in ({{ ai_impact.quoted(ai_impact.kpis_of_windows()) }})
    group by counted.period_key, counted.kpi_id, counted.use_case_id
),

hidden as (
    select
        counted.*,
        case
            when counted.n_people < {{ var('k_anonymity') }} then 1
            when pieces.before between 1 and {{ var('k_anonymity') }} - 1 then 1
            when pieces.after between 1 and {{ var('k_anonymity') }} - 1 then 1
            else 0
        end as is_hidden
    from counted
    left join pieces
        on
            counted.period_key = pieces.period_key
            and counted.kpi_id = pieces.kpi_id
            and counted.use_case_id = pieces.use_case_id
),

final as (
    select
        period_key,
        kpi_id,
        use_case_id,
        n_people,
        is_hidden = 1
        or (
            use_case_id = {{ ai_impact.all_of_them() }}
            and max(is_hidden) over (partition by period_key, kpi_id) = 1
        ) as is_suppressed
    from hidden
)

select * from final
