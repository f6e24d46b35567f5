{{ ai_impact.stage_source('market_signals') }}
