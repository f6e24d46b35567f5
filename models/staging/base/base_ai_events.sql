{{ ai_impact.stage_source('ai_events') }}
