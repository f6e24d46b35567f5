{{ ai_impact.given_seed('labor_rates') }}
