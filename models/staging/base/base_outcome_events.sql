{{ ai_impact.sift('outcome_events') }}
