{#- Periods that would give away a few people's work by subtraction in time: month less weeks, window less months.
    Where a block has too few people, one of its Mondays must go, and with it the two weeks that meet there: then the
    block can only be revealed together with its neighbour. Where that has too few people as well, all weeks of the cell
    go. -#}
with blocks as (
    select * from {{ ref('int_kpi_blocks') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

windows as (
    select * from {{ ref('int_kpi_window_seams') }}
),

spans as (
    select * from periods
    where period_grain in ('week', 'month')
),

-- Of the periods, not of the blocks: a stretch in which nobody worked has an edge as well.
edges as (
    select
        starts_on,
        lag(starts_on) over (order by starts_on) as before,
        lead(starts_on) over (order by starts_on) as after
    from (
        select period_start as starts_on from spans
        {{ ai_impact.union_distinct() }}
        select period_end from spans
    ) as starts
),

months as (
    select max(period_end) as reported_until from spans
    where period_grain = 'month'
),

thin as (
    select
        blocks.*,
        edges.before,
        edges.after,
        months.reported_until
    from blocks
    inner join edges on blocks.starts_on = edges.starts_on
    cross join months
    where blocks.kind = 'block' and blocks.n_people < {{ var('k_anonymity') }}
),

neighbours as (
    select
        thin.*,
        case when {{ ai_impact.iso_day_of_week('thin.starts_on') }} = 1 then coalesce(earlier.n_people, 0) else -1 end
            as people_before,
        case when {{ ai_impact.iso_day_of_week('thin.after') }} = 1 then coalesce(later.n_people, 0) else -1 end
            as people_after
    from thin
    left join blocks as earlier
        on
            thin.kind = earlier.kind and thin.before = earlier.starts_on
            and thin.use_case_id = earlier.use_case_id and thin.team_id = earlier.team_id
    left join blocks as later
        on
            thin.kind = later.kind and thin.after = later.starts_on
            and thin.use_case_id = later.use_case_id and thin.team_id = later.team_id
),

mondays as (
    select
        use_case_id,
        team_id,
        case when people_before >= people_after then starts_on else after end as monday,
        {{ ai_impact.greatest(['people_before', 'people_after']) }} >= {{ var('k_anonymity') }} as is_enough,
        -- Behind the last whole month only the week that holds the block can reveal it.
        case when reported_until is null or starts_on >= reported_until then starts_on end as last_block
    from neighbours
),

weeks as (
    select distinct
        periods.period_key,
        mondays.use_case_id,
        mondays.team_id
    from mondays
    inner join periods
        on
            periods.period_grain = 'week'
            and case
                when mondays.last_block is not null
                    then periods.period_start <= mondays.last_block and periods.period_end > mondays.last_block
                else
                    not mondays.is_enough
                    or periods.period_start = mondays.monday or periods.period_end = mondays.monday
            end
),

final as (
    select * from weeks
    {{ ai_impact.union_distinct() }}
    select * from windows
)

select * from final
