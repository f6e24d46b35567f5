{#- Which cells are not shown. The passes need not come to an end; so where lines still reveal what they hide, the last
    resort hides all parts of that period, or of that week and its days. Where the company's own cells reveal still, they
    are hidden as well, and nothing is left to subtract from. -#}
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
