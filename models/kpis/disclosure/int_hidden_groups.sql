{#- The reporting groups that are hidden in a quarter: small ones, and further ones so that each small group could be
    larger, and none smaller, while everything that is shown stays as it is. Then no sum of small groups follows from
    what is shown. Such a change runs around a rectangle of the table of its family with its margins: it raises the
    small group and lowers a hidden one of its row and one of its column, or raises the margin of either; the fourth
    corner closes it. Only groups of k people or more may be lowered. The rectangle that hides the fewest people is
    taken, and of several the first by name, so that it is the same one in the next quarter. (Cell suppression:
    Fischetti and Salazar-Gonzalez 2000, section 2.) -#}
with sizes as (
    select * from {{ ref('ai_impact', 'int_group_sizes') }}
),

reported as (
    select
        *,
        n_people < {{ var('k_anonymity') }} as is_small,
        {{ ai_impact.hash_key(['family', 'quarter_start', 'row_id', 'column_id']) }} as group_key,
        row_id || '|' || column_id as name
    from sizes
    where n_people > 0
),

-- A group joins its row and its column, and raising it is a step from the one to the other. A margin stands on the
-- other side of its line's equation, so it is walked the other way.
raised as (
    select
        *,
        case when is_small then 0 else most_people end as cost,
        case when is_margin = 1 then 'column ' || column_id else 'row ' || row_id end as from_node,
        case when is_margin = 1 then 'row ' || row_id else 'column ' || column_id end as to_node
    from (
        select
            reported.*,
            case
                when row_id = {{ ai_impact.rollup_label() }} and column_id = {{ ai_impact.rollup_label() }} then 0
                when row_id = {{ ai_impact.rollup_label() }} or column_id = {{ ai_impact.rollup_label() }} then 1
                else 0
            end as is_margin
        from reported
    ) as marked
),

steps as (
    select
        family,
        quarter_start,
        group_key,
        name,
        cost,
        from_node,
        to_node
    from raised
    union all
    select
        family,
        quarter_start,
        group_key,
        name,
        cost,
        to_node,
        from_node
    from raised
    where not is_small
),

rectangles as (
    select
        small.group_key,
        first_step.group_key as first_key,
        second_step.group_key as second_key,
        third_step.group_key as third_key,
        row_number() over (
            partition by small.group_key
            order by
                first_step.cost + second_step.cost + third_step.cost, first_step.name, second_step.name, third_step.name
        ) as place
    from raised as small
    inner join steps as first_step
        on
            small.family = first_step.family
            and small.quarter_start = first_step.quarter_start
            and small.to_node = first_step.from_node
            and small.group_key <> first_step.group_key
    inner join steps as second_step
        on
            first_step.family = second_step.family
            and first_step.quarter_start = second_step.quarter_start
            and first_step.to_node = second_step.from_node
            and small.group_key <> second_step.group_key
    inner join steps as third_step
        on
            second_step.family = third_step.family
            and second_step.quarter_start = third_step.quarter_start
            and second_step.to_node = third_step.from_node
            and small.from_node = third_step.to_node
            and small.group_key <> third_step.group_key
    where small.is_small
),

corners as (
    {% for key in ['first_key', 'second_key', 'third_key'] -%}
        select {{ key }} as group_key from rectangles
        where place = 1
        {{ ai_impact.union_distinct() if not loop.last }}
    {% endfor %}
),

final as (
    select
        reported.family,
        reported.quarter_start,
        reported.row_id,
        reported.column_id,
        case when reported.is_small then 'small_group' else 'complement' end as suppression_rule
    from reported
    left join corners on reported.group_key = corners.group_key
    where reported.is_small or corners.group_key is not null
)

select * from final
