{{ ai_impact.sift('ai_events') }}
