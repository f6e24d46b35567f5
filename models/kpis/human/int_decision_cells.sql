{#- Decisions by what people did with them, in cells of alike ones: the same type, and a confidence of AI in the
    same tenth. `override` compares overridden with accepted suggestions, `human` decisions with a person and
    those of AI alone. -#}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select * from {{ ref('int_decisions') }}
    where decided_at is not null
),

period_days as (
    select * from {{ ref('int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

compared as (
    {% for comparison, treated in [
        ('override', 'case when is_overridden then 1 when not is_overridden then 0 end'),
        ('human', "case when coalesce(human_action, 'none') = 'none' then 0 else 1 end")
    ] %}
        select
            '{{ comparison }}' as comparison,
            decisions.*,
            {{ treated }} as is_treated
        from decisions
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

measured as (
    {% for kpi_id, value in [('decision_hit_rate', 'is_success'), ('decision_outcome_value', 'outcome_value')] %}
        select
            '{{ kpi_id }}' as kpi_id,
            comparison,
            {{ ai_impact.mapped('use_case_id') }} as use_case_id,
            cast(decided_at as date) as decided_on,
            coalesce(decision_type, '-') || '|' || coalesce(
                cast(
                    case when ai_confidence >= 0.9 then 9 else cast(floor(ai_confidence * 10) as integer) end
                    as {{ dbt.type_string() }}
                ),
                '-'
            ) as cell,
            is_treated,
            cast({{ value }} as {{ double }}) as value,
            cast(coalesce(ai_confidence, 0) as {{ double }}) as confidence,
            cast(coalesce(evidence_count, 0) as {{ double }}) as evidence,
            predicted_value
        from compared
        where is_treated is not null and {{ value }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

placed as (
    select
        measured.*,
        periods.period_key,
        {{ ai_impact.all_of_them() }} as cell_use_case_id
    from measured
    inner join period_days on measured.decided_on = period_days.date_day
    inner join periods on period_days.period_key = periods.period_key
    union all
    select
        measured.*,
        periods.period_key,
        measured.use_case_id
    from measured
    inner join period_days on measured.decided_on = period_days.date_day
    inner join periods on period_days.period_key = periods.period_key
),

final as (
    select
        kpi_id,
        comparison,
        cell_use_case_id as use_case_id,
        period_key,
        cell,
        is_treated,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        avg(value) as mean_y,
        var_samp(value) as var_y,
        avg(confidence) as mean_confidence,
        var_samp(confidence) as var_confidence,
        avg(evidence) as mean_evidence,
        var_samp(evidence) as var_evidence,
        cast(count(predicted_value) as {{ dbt.type_bigint() }}) as n_predicted,
        avg(predicted_value) as mean_predicted,
        var_samp(predicted_value) as var_predicted
    from placed
    group by kpi_id, comparison, cell_use_case_id, period_key, cell, is_treated
)

select * from final
