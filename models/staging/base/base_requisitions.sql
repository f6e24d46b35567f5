{{ ai_impact.sift('requisitions') }}
