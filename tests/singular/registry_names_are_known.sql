-- Use cases, metrics, KPIs and experiments that a seed names are there, also in the seeds of a project that installs
-- this one.
{%- set tables = {
    'use_cases': ref('ai_impact', 'use_cases'),
    'experiments': ref('ai_impact', 'experiments'),
    'metric_catalog': ref('ai_impact', 'int_metric_catalog'),
    'kpi_catalog': ref('ai_impact', 'int_kpi_catalog'),
    'roi_terms': ref('ai_impact', 'roi_terms'),
    'roi_assumptions': ref('ai_impact', 'roi_assumptions'),
    'slo_targets': ref('ai_impact', 'slo_targets')
} %}
with final as (
    {{ ai_impact.unknown_names(tables) }}
)

select * from final
