{{ ai_impact.given_seed('use_cases') }}
