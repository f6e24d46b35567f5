{{ ai_impact.sift('unit_covariates') }}
