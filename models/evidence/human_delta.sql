{#- What people add to AI's suggestions: how often they are asked, what they change, what comes of it, and how
    well it is documented. -#}
with kpis as (
    select * from {{ ref('ai_impact', 'kpi_values') }}
    -- The row of a KPI that has no other is no period of decisions.
    where
        kpi_id in ({{ ai_impact.quoted(ai_impact.kpis_of_decisions()) }})
        and not (status = 'not_enough_data' and value is null and n is null)
),

comparisons as (
    select * from {{ ref('ai_impact', 'human_comparisons') }}
),

agreement as (
    select * from {{ ref('ai_impact', 'panel_agreement') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
),

estimates as (
    select
        experiment_id,
        min(evidence_grade) as evidence_grade
    from {{ ref('ai_impact', 'impact_estimates') }}
    where is_primary and segment = 'all'
    group by experiment_id
),

cells as (
    select
        period_grain,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end,
        coalesce(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        {% for column in [
            'human_in_loop_ratio', 'override_rate', 'automation_bias', 'provenance_score', 'panel_score'
        ] -%}
            max(case when kpi_id = '{{ column }}' then value end) as {{ column }},
            max(case when kpi_id = '{{ column }}' then ci_low end) as {{ column }}_ci_low,
            max(case when kpi_id = '{{ column }}' then ci_high end) as {{ column }}_ci_high,
        {% endfor -%}
        max(case when status = 'suppressed' then 1 else 0 end) as is_hidden
    from kpis
    group by period_grain, period_start, period_end, use_case_id
),

outcomes as (
    select
        kpi_id,
        period_grain,
        cast(period_start as date) as period_start,
        coalesce(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        n
    from kpis
    where kpi_id in ('decision_hit_rate', 'decision_outcome_value')
),

-- Where arms were assigned at random, they say what people add; where not, decisions that are alike.
ranked as (
    select
        comparisons.*,
        periods.period_grain,
        periods.period_start,
        case
            when comparisons.basis = 'matched' then comparisons.evidence_grade
            when estimates.evidence_grade = 'A' then 'B'
            else estimates.evidence_grade
        end as grade,
        row_number() over (
            partition by comparisons.kpi_id, comparisons.use_case_id, comparisons.period_key, comparisons.comparison
            order by
                case when comparisons.estimate is null then 1 else 0 end,
                case when comparisons.basis = 'randomized' then 0 else 1 end,
                comparisons.experiment_id
        ) as choice
    from comparisons
    inner join periods on comparisons.period_key = periods.period_key
    left join estimates on comparisons.experiment_id = estimates.experiment_id
),

-- A panel is as reliable as its weakest criterion.
panels as (
    select
        agreement.*,
        periods.period_grain,
        periods.period_start,
        row_number() over (
            partition by agreement.use_case_id, agreement.period_key
            order by
                case when agreement.alpha is null then 0 else 1 end,
                agreement.alpha,
                agreement.rubric_version,
                agreement.criterion
        ) as weakness
    from agreement
    inner join periods on agreement.period_key = periods.period_key
),

final as (
    {{ ai_impact.human_delta_rows() }}
)

select * from final
