{# One pass of complementary suppression. A line is a parent (all) and its children; the parent less the shown children is what the
   hidden ones did together. So where a shown parent has one hidden child, or none of its hidden children alone has k people, the
   smallest shown child is hidden too; where there is none left, the parent. A hidden parent is revealed by its children where all of
   them are shown: there the smallest is hidden. A line without a parent is taken to have a shown one. #}
{% macro hide_complements(relation, line, is_child, tie) %}
    select
        period_key,
        period_grain,
        period_start,
        use_case_id,
        team_id,
        n_people,
        case
            when is_hidden = 1 then 1
            when hidden_children = 0 then case when parent_hidden = 1 and place = 1 then 1 else 0 end
            when parent_hidden = 1 then 0
            when hidden_children > 1 and most_hidden >= {{ var('k_anonymity') }} then 0
            when shown_children = 0 then 1 - is_child
            when place = 1 then 1
            else 0
        end as is_hidden
    from (
        select
            marked.*,
            max(case when is_child = 0 then is_hidden else 0 end) over (partition by {{ line }}) as parent_hidden,
            sum(is_child * is_hidden) over (partition by {{ line }}) as hidden_children,
            sum(is_child * (1 - is_hidden)) over (partition by {{ line }}) as shown_children,
            max(is_child * is_hidden * n_people) over (partition by {{ line }}) as most_hidden,
            row_number() over (
                partition by {{ line }}
                order by is_child * (1 - is_hidden) desc, case when n_people = 0 then 1 else 0 end, n_people, {{ tie }}
            ) as place
        from (
            select
                cells.*,
                case when {{ is_child }} then 1 else 0 end as is_child
            from {{ relation }} as cells
        ) as marked
    ) as lines
{% endmacro %}

{# A week less its other days is a day: where a week or one of its days is hidden, all of its days are. The company as a whole is left
   to `hide_complements`: few people at work on a Sunday should not take the whole week from it. #}
{% macro hide_whole_weeks(relation) %}
    select
        period_key,
        period_grain,
        period_start,
        use_case_id,
        team_id,
        n_people,
        case
            when period_grain = 'day' and not {{ ai_impact.is_grand_total() }}
                then max(case when period_grain in ('day', 'week') then is_hidden else 0 end) over (
                    partition by {{ dbt.date_trunc('week', 'period_start') }}, use_case_id, team_id
                )
            else is_hidden
        end as is_hidden
    from {{ relation }}
{% endmacro %}

{# Whether a cell is that of all use cases and teams. #}
{% macro is_grand_total() -%}
    (use_case_id = {{ ai_impact.rollup_label() }} and team_id = {{ ai_impact.rollup_label() }})
{%- endmacro %}

{# The line that a day is part of: the days that a week and a month share, which a month less its weeks may reveal. #}
{% macro days_in_line() -%}
    use_case_id,
    team_id,
    case when period_grain = 'day' then {{ dbt.date_trunc('week', 'period_start') }} else period_start end,
    case when period_grain = 'day' then {{ dbt.date_trunc('month', 'period_start') }} else period_start end,
    case when period_grain = 'day' then 'day' else cast(period_key as {{ dbt.type_string() }}) end
{%- endmacro %}

{# A week and its days reveal each other; any other period is revealed by nothing but its own lines. #}
{% macro neighbourhood() -%}
    case
        when period_grain in ('day', 'week') then cast({{ dbt.date_trunc('week', 'period_start') }} as {{ dbt.type_string() }})
        else cast(period_key as {{ dbt.type_string() }})
    end
{%- endmacro %}

{# Whether the cells of a line, being grouped, reveal what is hidden: one unknown is known from the others; and where the total is
   known, hidden parts of too few people are too, unless the total itself is revealed and all its parts are hidden. #}
{% macro line_reveals(is_parent) -%}
    count(*) > 1
    and max(case when {{ is_parent }} then 1 else 0 end) = 1
    and (
        sum(1 - is_known) = 1
        or (
            max(case when {{ is_parent }} then is_known else 0 end) = 1
            and max(case when is_hidden = 0 and ({{ is_parent }} or n_people > 0) then 1 else 0 end) = 1
            and max(case when {{ is_parent }} then 0 else is_hidden * n_people end) between 1 and {{ var('k_anonymity') }} - 1
        )
    )
{%- endmacro %}

{# The neighbourhoods in which a hidden cell could still be worked out. A cell of the company that only its week or its days reveal
   counts as known, and not as a failure: it may be hidden for the sake of others. If then no line has one unknown, further
   subtraction finds nothing either. #}
{% macro neighbourhoods_that_reveal(relation) %}
    {%- set line_of_week = 'neighbourhood, use_case_id, team_id' %}
    {%- set known = relation ~ '_known' %}
    with {{ known }} as (
        select
            cells.*,
            case
                when is_hidden = 0 then 1
                when {{ ai_impact.is_grand_total() }}
                    and count(*) over (partition by {{ line_of_week }}) > 1
                    and sum(is_hidden) over (partition by {{ line_of_week }}) = 1
                    and max(case when period_grain = 'week' then 1 else 0 end) over (partition by {{ line_of_week }}) = 1 then 1
                else 0
            end as is_known
        from {{ relation }} as cells
    )

    select neighbourhood from {{ known }}
    group by neighbourhood, period_key, use_case_id
    having {{ ai_impact.line_reveals('team_id = ' ~ ai_impact.rollup_label()) }}
    {{ ai_impact.union_distinct() }}
    select neighbourhood from {{ known }}
    group by neighbourhood, period_key, team_id
    having {{ ai_impact.line_reveals('use_case_id = ' ~ ai_impact.rollup_label()) }}
    {{ ai_impact.union_distinct() }}
    select neighbourhood from {{ known }}
    group by {{ line_of_week }}
    having count(*) > 1 and sum(1 - is_known) = 1 and max(case when period_grain = 'week' then 1 else 0 end) = 1
    {{ ai_impact.union_distinct() }}
    select neighbourhood from {{ known }}
    where is_known = 1 and n_people between 1 and {{ var('k_anonymity') }} - 1
{% endmacro %}

{# The neighbourhoods in which a cell of few people could be worked out from many lines at once, as an unknown of a system of
   equations. A cell cannot if the hidden cells could have other values that add up to the same: where two teams are both hidden in
   two use cases, work moved from one to the other in the first and back in the second (totals count as teams and use cases);
   where a cell is hidden with both of its totals, work moved to another such cell. Cells for which neither is found are taken to
   be revealed. Where all parts of a period are hidden, there is always such a move. #}
{% macro neighbourhoods_to_solve(relation) %}
    {%- set all = ai_impact.rollup_label() %}
    with hidden as (
        select
            cells.*,
            case when team_id <> {{ all }} and use_case_id <> {{ all }} then 1 else 0 end as is_inner,
            max(case when team_id = {{ all }} then 1 else 0 end) over (partition by period_key, use_case_id) as use_case_hidden,
            max(case when use_case_id = {{ all }} then 1 else 0 end) over (partition by period_key, team_id) as team_hidden
        from (
            select
                every_cell.*,
                max(case when {{ ai_impact.is_grand_total() }} then 0 else 1 - is_hidden end) over (partition by period_key) as is_open,
                max(case when {{ ai_impact.is_grand_total() }} then 1 else 0 end) over (partition by period_key) as has_company
            from {{ relation }} as every_cell
        ) as cells
        where is_hidden = 1 and is_open = 1 and has_company = 1 and not {{ ai_impact.is_grand_total() }}
    ),

    pairs as (
        select
            one.period_key,
            one.use_case_id,
            one.team_id,
            count(*) over (partition by one.period_key, one.team_id, another.team_id) as n_use_cases
        from hidden as one
        inner join hidden as another
            on
                one.period_key = another.period_key and one.use_case_id = another.use_case_id
                and one.team_id <> another.team_id
    ),

    squares as (
        select distinct
            period_key,
            use_case_id,
            team_id
        from pairs
        where n_use_cases > 1
    ),

    -- How many such cells there are in another use case and another team.
    moves as (
        select
            hidden.*,
            is_inner * use_case_hidden * team_hidden * (
                sum(is_inner * use_case_hidden * team_hidden) over (partition by period_key)
                - sum(is_inner * use_case_hidden * team_hidden) over (partition by period_key, use_case_id)
                - sum(is_inner * use_case_hidden * team_hidden) over (partition by period_key, team_id)
                + 1
            ) as n_moves
        from hidden
    ),

    movable as (
        select
            moves.*,
            case
                when is_inner = 1 then n_moves
                when team_id = {{ all }} then max(n_moves) over (partition by period_key, use_case_id)
                else max(n_moves) over (partition by period_key, team_id)
            end as n_moves_with_it
        from moves
    )

    select distinct movable.neighbourhood
    from movable
    left join squares
        on
            movable.period_key = squares.period_key and movable.use_case_id = squares.use_case_id
            and movable.team_id = squares.team_id
    where
        movable.n_people between 1 and {{ var('k_anonymity') }} - 1
        and squares.period_key is null
        and movable.n_moves_with_it = 0
{% endmacro %}
