{{ ai_impact.sift('incidents') }}
