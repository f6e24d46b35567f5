{{ ai_impact.sift('identity_links') }}
