{#- Who stands behind each KPI on each day, and behind each side of a comparison of decisions. The rest are those whom
    a number leaves out, where it and another that is shown give them away: deals that were not influenced, and
    overridden decisions beside what came of accepted ones. -#}
{%- set text = dbt.type_string() -%}
with observations as (
    select * from {{ ref('ai_impact', 'int_strategic_observations') }}
    where numerator is not null
),

spells as (
    select * from {{ ref('ai_impact', 'int_spells') }}
),

deals as (
    select * from {{ ref('ai_impact', 'int_influenced_opportunities') }}
    where revenue is not null
),

answers as (
    select * from {{ ref('ai_impact', 'int_answers') }}
),

decisions as (
    select
        *,
        {{ ai_impact.mapped('use_case_id') }} as mapped_use_case_id,
        cast(decided_at as date) as decided_on
    from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

stood as (
    select
        kpi_id,
        use_case_id,
        observed_on,
        person_id,
        0 as is_rest
    from observations
    union all
    select
        kpi_id,
        cast(null as {{ text }}),
        started_on,
        person_id,
        0
    from spells
    union all
    select
        'incremental_revenue_influenced',
        cast(null as {{ text }}),
        closed_on,
        person_id,
        case when is_influenced then 0 else 1 end
    from deals
    union all
    select
        kpi_id,
        cast(null as {{ text }}),
        answered_on,
        person_id,
        0
    from answers
    where points is not null
    union all
    select
        kpi_id || '_response_rate',
        cast(null as {{ text }}),
        answered_on,
        person_id,
        0
    from answers
    where account_id is not null
    union all
    select
        'automation_bias',
        mapped_use_case_id,
        decided_on,
        person_id,
        1
    from decisions
    where is_overridden and is_success is not null
    {% for kpi_id, value in [('decision_hit_rate', 'is_success'), ('decision_outcome_value', 'outcome_value')] -%}
        {% for comparison, sides, is_rest in [
            ('override', 'is_overridden is not null', 'case when is_overridden then 0 else 1 end'),
            ('human', "coalesce(human_action, 'none') <> 'none'", '0')
        ] -%}
            union all
            select
                '{{ comparison }}|{{ kpi_id }}',
                mapped_use_case_id,
                decided_on,
                person_id,
                {{ is_rest }}
            from decisions
            where {{ sides }} and {{ value }} is not null
        {% endfor -%}
    {% endfor %}
),

final as (
    select distinct
        kpi_id,
        coalesce(use_case_id, {{ ai_impact.unmapped() }}) as use_case_id,
        observed_on,
        person_id,
        is_rest
    from stood
    where person_id is not null
)

select * from final
