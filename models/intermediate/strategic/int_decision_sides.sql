{#- The decisions of known outcome of use cases where AI alone and AI with a person were assigned at random: those of
    either arm, and those outside of the experiment, which are what the use case's total less the arms would tell. -#}
{%- set double = ai_impact.physical_type('double') -%}
with assigned as (
    select * from {{ ref('ai_impact', 'int_decision_assigned') }}
),

decisions as (
    select * from {{ ref('ai_impact', 'int_decisions') }}
    where decided_at is not null
),

compared as (
    select distinct
        experiment_id,
        use_case_id
    from assigned
),

outside as (
    select
        compared.experiment_id,
        compared.use_case_id,
        cast(decisions.decided_at as date) as decided_on,
        decisions.person_id,
        decisions.is_success,
        decisions.outcome_value
    from compared
    inner join decisions on {{ ai_impact.mapped('decisions.use_case_id') }} = compared.use_case_id
    left join assigned
        on compared.experiment_id = assigned.experiment_id and decisions.decision_id = assigned.decision_id
    where assigned.decision_id is null
),

placed as (
    select
        experiment_id,
        use_case_id,
        decided_on,
        unit_id,
        person_id,
        is_treated,
        is_success,
        outcome_value
    from assigned
    union all
    select
        experiment_id,
        use_case_id,
        decided_on,
        cast(null as {{ dbt.type_string() }}),
        person_id,
        -1,
        is_success,
        outcome_value
    from outside
),

final as (
    {% for kpi_id, value in [('decision_hit_rate', 'is_success'), ('decision_outcome_value', 'outcome_value')] %}
        select
            '{{ kpi_id }}' as kpi_id,
            experiment_id,
            use_case_id,
            decided_on,
            unit_id,
            person_id,
            is_treated,
            cast({{ value }} as {{ double }}) as value
        from placed
        where {{ value }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
