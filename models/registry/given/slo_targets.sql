{{ ai_impact.given_seed('slo_targets') }}
