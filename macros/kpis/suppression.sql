{# One pass of complementary suppression along one dimension. A line is a parent (all) and its children; the parent less the shown
   children is what the hidden ones did together. So where a shown parent has one hidden child, or none of its hidden children alone
   has k people, the smallest shown child is hidden too; where there is none left, the parent. #}
{% macro hide_complements(relation, fixed, along) %}
    select
        period_key,
        use_case_id,
        team_id,
        n_people,
        case
            when is_hidden = 1 or parent_hidden = 1 or hidden_children = 0 then is_hidden
            when hidden_children > 1 and most_hidden >= {{ var('k_anonymity') }} then 0
            when shown_children = 0 then 1 - is_child
            when place = 1 then 1
            else 0
        end as is_hidden
    from (
        select
            marked.*,
            max(case when is_child = 0 then is_hidden else 0 end) over (partition by period_key, {{ fixed }}) as parent_hidden,
            sum(is_child * is_hidden) over (partition by period_key, {{ fixed }}) as hidden_children,
            sum(is_child * (1 - is_hidden)) over (partition by period_key, {{ fixed }}) as shown_children,
            max(is_child * is_hidden * n_people) over (partition by period_key, {{ fixed }}) as most_hidden,
            row_number() over (
                partition by period_key, {{ fixed }}
                order by is_child * (1 - is_hidden) desc, case when n_people = 0 then 1 else 0 end, n_people, {{ along }}
            ) as place
        from (
            select
                cells.*,
                case when {{ along }} = {{ ai_impact.all_of_them() }} then 0 else 1 end as is_child
            from {{ relation }} as cells
        ) as marked
    ) as lines
{% endmacro %}

{# A week less its other days is a day: where a week or one of its days is hidden, all of its days are. #}
{% macro hide_whole_weeks(relation) %}
    select
        cells.period_key,
        cells.use_case_id,
        cells.team_id,
        cells.n_people,
        case
            when periods.period_grain = 'day'
                then max(case when periods.period_grain in ('day', 'week') then cells.is_hidden else 0 end) over (
                    partition by {{ dbt.date_trunc('week', 'periods.period_start') }}, cells.use_case_id, cells.team_id
                )
            else cells.is_hidden
        end as is_hidden
    from {{ relation }} as cells
    inner join periods on cells.period_key = periods.period_key
{% endmacro %}
