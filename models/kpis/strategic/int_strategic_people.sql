{#- How many distinct people stand behind each strategic and human KPI of a period, and which rule hides it, if one
    does: that of either side of its use case. The velocity of the pipeline is hidden with any of its factors. -#}
with person_days as (
    select * from {{ ref('ai_impact', 'int_strategic_people_daily') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

hidden_periods as (
    select * from {{ ref('ai_impact', 'int_hidden_periods') }}
),

kpis as (
    select distinct kpi_id from person_days
),

period_keys as (
    select distinct period_key from periods
),

person_periods as (
    select distinct
        periods.period_key,
        person_days.kpi_id,
        person_days.use_case_id,
        case when person_days.is_rest = 0 then person_days.person_id end as person_id
    from person_days
    inner join periods on person_days.observed_on = periods.date_day
),

-- A group that is hidden has a row where nobody of it worked, too: that is hidden as well.
known as (
    select
        period_key,
        kpi_id,
        {{ ai_impact.cell_of('use_case_id') }} as use_case_id,
        count(distinct person_id) as n_people,
        cast(null as {{ dbt.type_string() }}) as suppression_rule
    from person_periods
    group by grouping sets ((period_key, kpi_id, use_case_id), (period_key, kpi_id))
    union all
    select
        hidden_periods.period_key,
        hidden_periods.family,
        hidden_periods.row_id,
        0,
        -- Few people whom a number leaves out would be revealed by it; they are not behind it.
        case when hidden_periods.column_id = 'left out' then 'complement' else hidden_periods.suppression_rule end
    from hidden_periods
    inner join kpis on hidden_periods.family = kpis.kpi_id
    inner join period_keys on hidden_periods.period_key = period_keys.period_key
),

measured as (
    select
        period_key,
        kpi_id,
        use_case_id,
        max(n_people) as n_people,
        {{ ai_impact.strictest_rule('suppression_rule') }} as suppression_rule
    from known
    group by period_key, kpi_id, use_case_id
),

final as (
    select * from measured
    union all
    select
        period_key,
        'pipeline_velocity' as kpi_id,
        use_case_id,
        min(n_people) as n_people,
        {{ ai_impact.strictest_rule('suppression_rule') }} as suppression_rule
    from measured
    where
        kpi_id in ('average_deal_size', 'win_rate', 'days_to_close_p50')
        and use_case_id = {{ ai_impact.rollup_label() }}
    group by period_key, use_case_id
)

select * from final
