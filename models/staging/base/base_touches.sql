{{ ai_impact.stage_source('touches') }}
