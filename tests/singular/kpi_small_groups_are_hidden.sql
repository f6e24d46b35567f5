{{ config(group='kpis', tags=['live']) }}
{#- In no period of kpi_values is there a number of a group that had 1 to k - 1 people in a quarter of it, and what a rule hides has no
    number. By the sizes of groups alone, whatever the models of disclosure make of them. -#}
with sizes as (
    select * from {{ ref('ai_impact', 'int_group_sizes') }}
    where n_people < {{ var('k_anonymity') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where baseline_of = {{ ai_impact.rollup_label() }}
),

shown as (
    select
        *,
        case when domain in ('strategic', 'human') then kpi_id else 'execution' end as family,
        coalesce(use_case_id, {{ ai_impact.rollup_label() }}) as row_id,
        case
            when domain in ('strategic', 'human') then 'counted' else coalesce(team_id, {{ ai_impact.rollup_label() }})
        end as column_id
    from {{ ref('ai_impact', 'kpi_values') }}
    where value is not null or numerator is not null or denominator is not null or n is not null
),

final as (
    select shown.kpi_value_key
    from shown
    inner join periods on shown.period_grain = periods.period_grain and shown.period_start = periods.starts_at
    inner join sizes
        on
            shown.family = sizes.family
            and shown.row_id = sizes.row_id
            and shown.column_id = sizes.column_id
            and periods.period_start < {{ ai_impact.add_time('month', 3, 'sizes.quarter_start') }}
            and periods.period_end > sizes.quarter_start
    union all
    select kpi_value_key from shown
    where suppression_rule is not null
)

select * from final
