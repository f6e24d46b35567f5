{{ ai_impact.sift('market_signals') }}
