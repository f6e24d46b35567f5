{#- Decisions by what people did with them, in cells of alike ones: the same type, and a confidence of AI in the
    same tenth. `override` compares overridden with accepted suggestions, `human` decisions with a person and
    those of AI alone. Of each side there must be none or k people: else the comparison is hidden. -#}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

period_days as (
    select * from {{ ref('ai_impact', 'int_kpi_period_days') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

people as (
    select * from {{ ref('ai_impact', 'int_strategic_people') }}
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
                cast({{ ai_impact.tenth_of('ai_confidence') }} as {{ dbt.type_string() }}),
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
    {% for cell in [ai_impact.rollup_label(), 'measured.use_case_id'] %}
        select
            measured.*,
            periods.period_key,
            {{ cell }} as cell_use_case_id
        from measured
        inner join period_days on measured.decided_on = period_days.date_day
        inner join periods on period_days.period_key = periods.period_key
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        placed.kpi_id,
        placed.comparison,
        placed.cell_use_case_id as use_case_id,
        placed.period_key,
        placed.cell,
        placed.is_treated,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        {% for name in ['y', 'confidence', 'evidence'] -%}
            {%- set column = 'value' if name == 'y' else name -%}
            avg(placed.{{ column }}) as mean_{{ name }},
            var_samp(placed.{{ column }}) as var_{{ name }},
        {% endfor -%}
        cast(count(placed.predicted_value) as {{ dbt.type_bigint() }}) as n_predicted,
        avg(placed.predicted_value) as mean_predicted,
        var_samp(placed.predicted_value) as var_predicted,
        people.suppression_rule is not null as is_suppressed
    from placed
    left join people
        on
            people.kpi_id = placed.comparison || '|' || placed.kpi_id
            and placed.period_key = people.period_key
            and placed.cell_use_case_id = people.use_case_id
    group by
        placed.kpi_id, placed.comparison, placed.cell_use_case_id, placed.period_key, placed.cell, placed.is_treated,
        people.suppression_rule
)

select * from final
