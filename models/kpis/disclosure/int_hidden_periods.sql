{#- A group that is hidden in a quarter is hidden in every period that overlaps it. So whoever is shown in a period is
    shown in all quarters of it, and a day of a hidden group can take another value, with others of its quarter, that
    leaves all published numbers as they are: subtraction in time finds nothing new. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with hidden_groups as (
    select * from {{ ref('ai_impact', 'int_hidden_groups') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

quarters as (
    select distinct
        quarter_start,
        cast({{ ai_impact.add_time('month', 3, 'quarter_start') }} as date) as quarter_end
    from hidden_groups
),

hidden_in as (
    select
        quarters.quarter_start,
        periods.period_key
    from quarters
    inner join periods
        on periods.period_start < quarters.quarter_end and periods.period_end > quarters.quarter_start
),

final as (
    select
        hidden_groups.family,
        hidden_in.period_key,
        hidden_groups.row_id,
        hidden_groups.column_id,
        {{ ai_impact.strictest_rule('hidden_groups.suppression_rule') }} as suppression_rule
    from hidden_groups
    inner join hidden_in on hidden_groups.quarter_start = hidden_in.quarter_start
    group by hidden_groups.family, hidden_in.period_key, hidden_groups.row_id, hidden_groups.column_id
)

select * from final
