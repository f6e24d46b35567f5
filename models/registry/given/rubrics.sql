{{ ai_impact.given_seed('rubrics') }}
