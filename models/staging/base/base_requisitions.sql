{{ ai_impact.stage_source('requisitions') }}
