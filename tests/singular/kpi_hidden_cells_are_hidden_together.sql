{#- Where a line shows its total, what it hides is the work of at least two cells, and of k people in one of them. -#}
with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

{% for name, fixed, along in [('teams', 'use_case_id', 'team_id'), ('use_cases', 'team_id', 'use_case_id')] -%}
{{ name }} as (
    select
        period_key,
        {{ fixed }} as line,
        count(*) filter (where {{ along }} <> '(all)' and is_suppressed) as hidden,
        max(n_people) filter (where {{ along }} <> '(all)' and is_suppressed) as most_hidden
    from cells
    group by period_key, {{ fixed }}
    having
        count(*) filter (where {{ along }} = '(all)' and not is_suppressed) = 1
        and max(n_people) filter (where {{ along }} <> '(all)' and is_suppressed) > 0
),

{% endfor -%}
final as (
    select * from teams
    where hidden = 1 or most_hidden < {{ var('k_anonymity') }}
    union all
    select * from use_cases
    where hidden = 1 or most_hidden < {{ var('k_anonymity') }}
)

select * from final
