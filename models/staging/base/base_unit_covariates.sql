{{ ai_impact.stage_source('unit_covariates') }}
