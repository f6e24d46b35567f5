{{ ai_impact.given_seed('reviews') }}
