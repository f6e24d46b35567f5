{#- What each decision says, on the day it was made. Confidence is the AI's that its own recommendation succeeds,
    so it is judged where that was carried out. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
{%- set double = ai_impact.physical_type('double') -%}
with decisions as (
    select
        *,
        {{ ai_impact.mapped('use_case_id') }} as mapped_use_case_id,
        cast(decided_at as date) as decided_on,
        case
            when is_success is not null and coalesce(human_action, 'none') in ('accepted', 'none') then ai_confidence
        end as judged_confidence
    from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

provenance as (
    select * from {{ ref('ai_impact', 'int_decision_provenance') }}
),

panels as (
    select * from {{ ref('ai_impact', 'int_decision_panels') }}
),

measured as (
    select
        decisions.*,
        provenance.provenance_score,
        panels.panel_score
    from decisions
    left join provenance on decisions.decision_id = provenance.decision_id
    left join panels on decisions.decision_id = panels.decision_id
),

{% set kpis = [
    ('decision_hit_rate', 'share', 100, 'is_success', '1', 'is_success is not null'),
    ('brier_score', 'mean', 1, '(judged_confidence - is_success) * (judged_confidence - is_success)', '1',
        'judged_confidence is not null'),
    ('brier_skill', 'skill', 1, '(judged_confidence - is_success) * (judged_confidence - is_success)', 'is_success',
        'judged_confidence is not null'),
    ('decision_outcome_value', 'mean', 1, 'outcome_value', '1', 'outcome_value is not null'),
    ('human_in_loop_ratio', 'share', 100,
        "case when signed_off and coalesce(human_action, 'none') <> 'none' then 1 else 0 end", '1',
        'requires_sign_off'),
    ('override_rate', 'share', 100, 'case when is_overridden then 1 else 0 end', '1', 'is_overridden is not null'),
    ('automation_bias', 'share', 100, '1 - is_success', '1', "human_action = 'accepted' and is_success is not null"),
    ('provenance_score', 'mean', 100, 'provenance_score', '1', 'provenance_score is not null'),
    ('panel_score', 'mean', 100, 'panel_score', '1', 'panel_score is not null')
] -%}
final as (
    {% for kpi_id, kind, scale, numerator, denominator, counts in kpis %}
        select
            '{{ kpi_id }}' as kpi_id,
            '{{ kind }}' as kind,
            {{ scale }} as scale,
            mapped_use_case_id as use_case_id,
            decided_on as observed_on,
            person_id,
            cast({{ numerator }} as {{ double }}) as numerator,
            cast({{ denominator }} as {{ double }}) as denominator,
            cast(null as {{ dbt.type_string() }}) as problem
        from measured
        where {{ counts }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
