{#- All that single deals, decisions, hires, incidents, units and weeks say for the strategic and human KPIs that
    are ratios. A new family is one more name in this list. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

{% set families = [
    'int_sales_observations', 'int_funnel_observations', 'int_decision_observations', 'int_incident_observations',
    'int_deployment_observations', 'int_hiring_observations', 'int_market_observations'
] -%}
with
{% for family in families %}
    {{ family }} as (
        select * from {{ ref('ai_impact', family) }}
    ),
{% endfor %}
final as (
    {% for family in families %}
        select
            kpi_id,
            kind,
            scale,
            use_case_id,
            observed_on,
            person_id,
            numerator,
            denominator,
            problem
        from {{ family }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
