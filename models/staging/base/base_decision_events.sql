{{ ai_impact.stage_source('decision_events') }}
