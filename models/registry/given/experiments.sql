{{ ai_impact.given_seed('experiments') }}
