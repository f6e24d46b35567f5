{{ ai_impact.stage_source('opportunities') }}
