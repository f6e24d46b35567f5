{{ ai_impact.sift('touches') }}
