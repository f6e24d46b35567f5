{#- How often a recommendation succeeded that AI was so sure of, where it was carried out: by confidence to a
    thousandth, and whether the reviewers of its tenth hide it. -#}
with decisions as (
    select
        *,
        {{ ai_impact.tenth_of('ai_confidence') }} as tenth,
        cast(round(ai_confidence * 1000) as integer) as thousandth
    from {{ ref('ai_impact', 'int_decisions') }}
    where {{ ai_impact.tells_of_confidence() }}
),

hidden_groups as (
    select * from {{ ref('ai_impact', 'int_hidden_groups') }}
    where family = 'confidence'
),

placed as (
    {% for cell in [ai_impact.mapped('use_case_id'), ai_impact.rollup_label()] %}
        select
            decisions.*,
            {{ cell }} as cell_use_case_id
        from decisions
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        placed.cell_use_case_id as use_case_id,
        placed.tenth,
        placed.thousandth,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        cast(sum(placed.is_success) as {{ dbt.type_bigint() }}) as successes,
        hidden_groups.row_id is not null as is_suppressed
    from placed
    left join hidden_groups
        on
            placed.cell_use_case_id = hidden_groups.row_id
            and cast(placed.tenth as {{ dbt.type_string() }}) = hidden_groups.column_id
    group by placed.cell_use_case_id, placed.tenth, placed.thousandth, hidden_groups.row_id
)

select * from final
