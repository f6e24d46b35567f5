{{ ai_impact.given_seed('kpi_catalog_extra') }}
