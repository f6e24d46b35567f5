{{ ai_impact.sift('opportunities') }}
