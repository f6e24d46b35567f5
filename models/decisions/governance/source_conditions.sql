{#- Whether each source comes as it used to: how long ago, how many rows, how many of them can be used. What comes with
    experiments only (assignments, covariates) has no rhythm. -#}
{%- set double = ai_impact.physical_type('double') -%}
{%- set without_rhythm = "('assignments', 'unit_covariates', 'identity_links')" -%}
with days as (
    select * from {{ ref('ai_impact', 'source_days') }}
),

quarantine as (
    select * from {{ ref('ai_impact', 'event_quarantine') }}
),

gaps as (
    select
        *,
        lag(load_day) over (partition by source order by load_day) as day_before
    from days
    where in_time > 0 and source not in {{ without_rhythm }}
),

rhythm as (
    select
        source,
        max(as_of) as as_of,
        cast({{ ai_impact.greatest(['min(days_ago)', '0']) }} as {{ double }}) as age,
        count(*) as days_seen,
        2 * max({{ ai_impact.days_from('day_before', 'load_day') }}) as longest_wait
    from gaps
    group by source
),

nine as (
    {% for week in range(9) %}
        select {{ week }} as week
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The last whole day beside the same weekday of the eight weeks before it, as far as the source goes back.
weeks as (
    select
        rhythm.source,
        nine.week,
        coalesce(days.in_time, 0) as in_time
    from rhythm
    cross join nine
    left join days on rhythm.source = days.source and days.days_ago = 1 + 7 * nine.week
),

volumes as (
    select
        source,
        max(case when week = 0 then in_time end) as in_time,
        avg(case when week > 0 then cast(in_time as {{ double }}) end) as usual,
        -- A count varies by its root at least.
        {{ ai_impact.greatest([
            'var_samp(case when week > 0 then cast(in_time as ' ~ double ~ ') end) * 9 / 8',
            'avg(case when week > 0 then cast(in_time as ' ~ double ~ ') end)', '1'
        ]) }} as variance
    from weeks
    group by source
),

reach as (
    select
        source,
        max(days_ago) as first_days_ago
    from days
    group by source
),

rejected as (
    select
        source,
        max(as_of) as as_of,
        sum(quarantined) as quarantined,
        sum(raw) as raw
    from days
    where days_ago < 28
    group by source
),

reasons as (
    select
        quarantine.source,
        quarantine.reason || coalesce(' (' || quarantine.reason_column || ')', '') as reason,
        row_number() over (
            partition by quarantine.source order by count(*) desc, quarantine.reason asc, quarantine.reason_column asc
        ) as place
    from quarantine
    inner join rejected on quarantine.source = rejected.source
    where {{ ai_impact.days_from('quarantine.load_day', 'rejected.as_of') }} < 28
    group by quarantine.source, quarantine.reason, quarantine.reason_column
),

final as (
    select
        source,
        'freshness' as check_id,
        as_of,
        age as figure,
        cast({{ ai_impact.greatest(['longest_wait', '2']) }} as {{ double }}) as threshold,
        case
            when days_seen < 3 then 'unknown'
            when age > {{ ai_impact.greatest(['longest_wait', '2']) }} then 'warning'
            else 'ok'
        end as state,
        case
            when days_seen < 3 then 'It came on fewer than three days, so nobody knows how often it comes.'
            else
                'It came last ' || {{ ai_impact.counted('cast(age as bigint)', 'day', 'days') }}
                || ' before the newest data; longer than '
                || cast({{ ai_impact.greatest(['longest_wait', '2']) }} as {{ dbt.type_string() }})
                || ' days is unusual.'
        end as sentence
    from rhythm
    union all
    select
        volumes.source,
        'volume' as check_id,
        rhythm.as_of,
        cast(abs(volumes.in_time - volumes.usual) / sqrt(volumes.variance) as {{ double }}) as figure,
        cast(4 as {{ double }}) as threshold,
        case
            when reach.first_days_ago < 57 then 'unknown'
            when abs(volumes.in_time - volumes.usual) > 4 * sqrt(volumes.variance) then 'warning'
            else 'ok'
        end as state,
        case
            when reach.first_days_ago < 57 then 'It goes back less than eight weeks, so no volume is usual.'
            else
                {{ ai_impact.counted('volumes.in_time', 'row', 'rows') }} || ' came on the last whole day; '
                || cast(cast(floor(volumes.usual + 0.5) as bigint) as {{ dbt.type_string() }})
                || ' is the mean of that weekday in the eight weeks before.'
        end as sentence
    from volumes
    inner join rhythm on volumes.source = rhythm.source
    inner join reach on volumes.source = reach.source
    union all
    select
        rejected.source,
        'quarantine' as check_id,
        rejected.as_of,
        {{ ai_impact.safe_divide('rejected.quarantined', 'rejected.raw') }} as figure,
        cast(0.01 as {{ double }}) as threshold,
        case
            -- Four rows are an accident.
            when rejected.quarantined < 5 then 'ok'
            when rejected.quarantined > 0.05 * rejected.raw then 'error'
            when rejected.quarantined > 0.01 * rejected.raw then 'warning'
            else 'ok'
        end as state,
        cast(rejected.quarantined as {{ dbt.type_string() }}) || ' of '
        || {{ ai_impact.counted('rejected.raw', 'row', 'rows') }}
        || ' of the last 28 days are in event_quarantine'
        || coalesce(', most for ' || reasons.reason, '') || '.' as sentence
    from rejected
    left join reasons on rejected.source = reasons.source and reasons.place = 1
)

select * from final
