{{ ai_impact.sift('cost_records') }}
