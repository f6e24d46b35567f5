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
        {{ ai_impact.all_of_them() }}
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

-- A total less the use cases that are shown is the one that is not.
hidden as (
    select
        *,
        max(case when n_people between 1 and {{ var('k_anonymity') }} - 1 then 1 else 0 end)
            over (partition by tenth) as is_one_hidden
    from people
),

final as (
    select
        placed.cell_use_case_id as use_case_id,
        placed.tenth,
        placed.thousandth,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        cast(sum(placed.is_success) as {{ dbt.type_bigint() }}) as successes,
        hidden.n_people between 1 and {{ var('k_anonymity') }} - 1
        or (placed.cell_use_case_id = {{ ai_impact.all_of_them() }} and hidden.is_one_hidden = 1) as is_suppressed
    from placed
    inner join hidden on placed.cell_use_case_id = hidden.cell_use_case_id and placed.tenth = hidden.tenth
    group by
        placed.cell_use_case_id, placed.tenth, placed.thousandth, hidden.n_people, hidden.is_one_hidden
)

select * from final
