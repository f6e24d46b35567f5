{{ ai_impact.sift('decision_events') }}
