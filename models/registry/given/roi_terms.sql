{{ ai_impact.given_seed('roi_terms') }}
