{#- All execution KPIs, one row per KPI and cell. A new family of KPIs is one more name in this list. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

{% set families = [
    'kpi_throughput', 'kpi_cycle_time', 'kpi_automation_rate', 'kpi_error_rate', 'kpi_rework_rate', 'kpi_time_saved',
    'kpi_cost_per_task', 'kpi_drift_rate'
] -%}
with
{% for family in families %}
    {{ family }} as (
        select * from {{ ref(family) }}
    ),
{% endfor %}
final as (
    {% for family in families %}
        select
            period_key,
            use_case_id,
            team_id,
            kpi_id,
            value,
            numerator,
            denominator,
            n,
            ci_low,
            ci_high,
            reason
        from {{ family }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
