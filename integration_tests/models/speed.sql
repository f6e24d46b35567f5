select * from {{ ref('ai_impact', 'kpi_values') }}
