{{ ai_impact.given_seed('metric_catalog_extra') }}
