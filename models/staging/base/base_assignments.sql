{{ ai_impact.stage_source('assignments') }}
