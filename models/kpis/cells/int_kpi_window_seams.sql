{#- Rolling windows that would give away a few people's work by subtraction of months or of other windows: those with
    too few people in the piece of a month at their start, and those that are known but for a small month. -#}
with blocks as (
    select * from {{ ref('int_kpi_blocks') }}
    where kind = 'piece'
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
),

people as (
    select * from {{ ref('int_kpi_people') }}
),

edges as (
    select
        starts_on,
        lead(starts_on) over (order by starts_on) as after
    from (select distinct starts_on from blocks) as starts
),

thin as (
    select
        blocks.*,
        edges.after
    from blocks
    inner join edges on blocks.starts_on = edges.starts_on
    where blocks.n_people < {{ var('k_anonymity') }}
),

-- A start that a window shares with a month or another window can be subtracted away; one of its own keeps a piece.
starts as (
    select
        period_start,
        count(*) > 1 as is_shared
    from periods
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
    group by period_start
),

final as (
    select
        periods.period_key,
        thin.use_case_id,
        thin.team_id
    from thin
    inner join periods
        on
            periods.period_grain in ('rolling_90d', 'rolling_365d')
            and (periods.period_start = thin.starts_on or periods.period_start = thin.after)
    {{ ai_impact.union_distinct() }}
    select
        windows.period_key,
        people.use_case_id,
        people.team_id
    from people
    inner join periods on people.period_key = periods.period_key and periods.period_grain = 'month'
    inner join periods as windows
        on
            windows.period_grain in ('rolling_90d', 'rolling_365d')
            and windows.period_start < periods.period_end and windows.period_end > periods.period_start
    inner join starts on windows.period_start = starts.period_start
    left join blocks as piece
        on
            windows.period_start = piece.starts_on
            and people.use_case_id = piece.use_case_id and people.team_id = piece.team_id
    -- The piece it keeps is not empty, and the first part has looked at it.
    where people.n_people < {{ var('k_anonymity') }} and (starts.is_shared or piece.n_people is null)
)

select * from final
