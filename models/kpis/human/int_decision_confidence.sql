{#- How often a recommendation succeeded that AI was so sure of, where it was carried out: by confidence to a
    thousandth, and the people who reviewed the decisions of its tenth. -#}
with decisions as (
    select
        *,
        case when ai_confidence >= 0.9 then 9 else cast(floor(ai_confidence * 10) as integer) end as tenth,
        cast(round(ai_confidence * 1000) as integer) as thousandth
    from {{ ref('int_decisions') }}
    where
        decided_at is not null
        and is_success is not null
        and ai_confidence is not null
        and coalesce(human_action, 'none') in ('accepted', 'none')
),

placed as (
    select
        decisions.*,
        {{ ai_impact.mapped('use_case_id') }} as cell_use_case_id
    from decisions
    union all
    select
        decisions.*,
        {{ ai_impact.rollup_label() }}
    from decisions
),

people as (
    select
        cell_use_case_id,
        tenth,
        count(distinct person_id) as n_people
    from placed
    group by cell_use_case_id, tenth
),

-- All tenths less those that are shown are the ones that are not: the fewest people of those shown hide with them.
ranked as (
    select
        *,
        max(is_few) over (partition by cell_use_case_id) as has_few,
        row_number() over (partition by cell_use_case_id, is_enough order by n_people, tenth) as place_enough
    from (
        select
            *,
            case when n_people between 1 and {{ var('k_anonymity') }} - 1 then 1 else 0 end as is_few,
            case when n_people >= {{ var('k_anonymity') }} then 1 else 0 end as is_enough
        from people
    ) as judged
),

-- A total less the use cases that are shown is the one that is not.
hidden as (
    select
        *,
        max(is_hidden) over (partition by tenth) as is_one_hidden
    from (
        select
            *,
            case when is_few = 1 or (has_few = 1 and is_enough = 1 and place_enough = 1) then 1 else 0 end as is_hidden
        from ranked
    ) as marked
),

final as (
    select
        placed.cell_use_case_id as use_case_id,
        placed.tenth,
        placed.thousandth,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        cast(sum(placed.is_success) as {{ dbt.type_bigint() }}) as successes,
        hidden.is_hidden = 1
        or (placed.cell_use_case_id = {{ ai_impact.rollup_label() }} and hidden.is_one_hidden = 1) as is_suppressed
    from placed
    inner join hidden on placed.cell_use_case_id = hidden.cell_use_case_id and placed.tenth = hidden.tenth
    group by
        placed.cell_use_case_id, placed.tenth, placed.thousandth, hidden.is_hidden, hidden.is_one_hidden
)

select * from final
