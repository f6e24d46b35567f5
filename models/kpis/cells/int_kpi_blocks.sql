{#- The stretches of days between the edges of weeks and months (blocks), and of months and rolling windows (pieces),
    with the people at work in each cell. Whoever subtracts published periods from each other ends up with sums of
    these. -#}
with days as (
    select * from {{ ref('dim_dates') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('week', 'month', 'rolling_90d', 'rolling_365d')
),

person_days as (
    select * from {{ ref('int_people_daily') }}
),

edges as (
    select distinct
        period_start as edge,
        'block' as kind
    from periods
    where period_grain in ('week', 'month')
    {{ ai_impact.union_distinct() }}
    select distinct
        period_start,
        'piece'
    from periods
    where period_grain <> 'week'
    {{ ai_impact.union_distinct() }}
    select
        period_end,
        case when period_grain = 'week' then 'block' else 'piece' end
    from periods
    {{ ai_impact.union_distinct() }}
    select
        period_end,
        'block'
    from periods
    where period_grain = 'month'
),

marked as (
    select
        days.date_day,
        max(case when edges.kind = 'block' then edges.edge end) as block_edge,
        max(case when edges.kind = 'piece' then edges.edge end) as piece_edge
    from days
    left join edges on days.date_day = edges.edge
    group by days.date_day
),

placed as (
    select
        date_day,
        max(block_edge) over (order by date_day) as block_start,
        max(piece_edge) over (order by date_day) as piece_start
    from marked
),

person_blocks as (
    select distinct
        'block' as kind,
        placed.block_start as starts_on,
        person_days.use_case_id,
        person_days.team_id,
        person_days.person_number
    from person_days
    inner join placed on person_days.completed_on = placed.date_day
    where placed.block_start is not null
    union all
    select distinct
        'piece',
        placed.piece_start,
        person_days.use_case_id,
        person_days.team_id,
        person_days.person_number
    from person_days
    inner join placed on person_days.completed_on = placed.date_day
    where placed.piece_start is not null
),

final as (
    select
        kind,
        starts_on,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        {{ ai_impact.cell_of('team_id') }} as team_id,
        count(distinct person_number) as n_people
    from person_blocks
    group by {{ ai_impact.cell_sets(['kind', 'starts_on']) }}
)

select * from final
