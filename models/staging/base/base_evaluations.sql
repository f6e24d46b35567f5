{{ ai_impact.stage_source('evaluations') }}
