{{ ai_impact.stage_source('outcome_events') }}
