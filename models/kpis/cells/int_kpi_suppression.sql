{#- Which cells are not shown. Where lines reveal what they hide after all passes, all parts of that period (or week and
    its days) are hidden; where the company's own cells reveal still, they are too: nothing is left to subtract. -#}
with cells as (
    select
        *,
        {{ ai_impact.neighbourhood() }} as neighbourhood
    from {{ ref('int_kpi_complements') }}
),

revealed_by_lines as ({{ ai_impact.neighbourhoods_that_reveal('cells') }}),

solved as ({{ ai_impact.neighbourhoods_to_solve('cells') }}),

revealed as (
    select neighbourhood from revealed_by_lines
    {{ ai_impact.union_distinct() }}
    select neighbourhood from solved
),

without_parts as (
    select
        cells.period_key,
        cells.period_grain,
        cells.use_case_id,
        cells.team_id,
        cells.n_people,
        cells.neighbourhood,
        case when {{ ai_impact.is_grand_total() }} then cells.is_hidden else 1 end as is_hidden
    from cells
    inner join revealed on cells.neighbourhood = revealed.neighbourhood
),

still_revealed as ({{ ai_impact.neighbourhoods_that_reveal('without_parts') }}),

final as (
    select
        cells.period_key,
        cells.use_case_id,
        cells.team_id,
        cells.n_people,
        cells.is_hidden = 1
        or (revealed.neighbourhood is not null and not {{ ai_impact.is_grand_total() }})
        or still_revealed.neighbourhood is not null as is_suppressed
    from cells
    left join revealed on cells.neighbourhood = revealed.neighbourhood
    left join still_revealed on cells.neighbourhood = still_revealed.neighbourhood
)

select * from final
