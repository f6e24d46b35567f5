{{ ai_impact.stage_source('incidents') }}
