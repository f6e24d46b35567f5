{{ ai_impact.sift('evaluations') }}
